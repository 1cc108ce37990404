-- +goose Up

-- A test login is a kind of attempt of its own: it lets nobody in, so it counts
-- neither as a success nor as a failure of sign-ins.
ALTER TABLE login_attempts DROP CONSTRAINT login_attempts_kind_check;
ALTER TABLE login_attempts ADD CONSTRAINT login_attempts_kind_check CHECK (kind IN ('SIGN_IN', 'LOGOUT', 'LOGIN_TEST'));
UPDATE login_attempts SET kind = 'LOGIN_TEST' WHERE message ->> 'loginTest' IS NOT NULL;

-- +goose Down
UPDATE login_attempts SET kind = 'SIGN_IN' WHERE kind = 'LOGIN_TEST';
ALTER TABLE login_attempts DROP CONSTRAINT login_attempts_kind_check;
ALTER TABLE login_attempts ADD CONSTRAINT login_attempts_kind_check CHECK (kind IN ('SIGN_IN', 'LOGOUT'));
