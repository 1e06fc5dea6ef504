-- Admin tokens are listed and revoked, may expire or only read; those that are there go on.
ALTER TABLE admin_tokens
    ADD COLUMN token_prefix text,
    ADD COLUMN read_only    boolean NOT NULL DEFAULT false,
    ADD COLUMN expires_at   timestamptz,
    ADD COLUMN revoked_at   timestamptz,
    ADD COLUMN last_used_at timestamptz;
