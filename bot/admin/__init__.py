"""The `/faq` area, where admins publish and review what the bot knows."""
