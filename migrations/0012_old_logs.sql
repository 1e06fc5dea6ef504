-- Whether a rule of each log fires for what is pushed or imported long after it happened.
ALTER TABLE alerts ADD COLUMN include_old boolean NOT NULL DEFAULT false;
