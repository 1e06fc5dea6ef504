-- The value at which a rule over a window that fires is over; null: once it holds no more.
ALTER TABLE alerts
    ADD COLUMN recovery_threshold double precision CHECK (recovery_threshold >= 0);
