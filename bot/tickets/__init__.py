"""Questions that go to a person, office hours, and roles of staff. Pure."""
