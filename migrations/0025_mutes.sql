-- Until then nothing is told of what a rule finds; its events are made all the same.
ALTER TABLE alerts ADD COLUMN muted_until timestamptz;
