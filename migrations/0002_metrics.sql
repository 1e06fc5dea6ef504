-- Which endpoint a log belongs to, so that metrics can be grouped by it.
ALTER TABLE logs ADD COLUMN endpoint text;
