"""The Telegram channel: transport and limiter below, intake beside them, what people see on top."""
