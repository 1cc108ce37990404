-- +goose Up

-- A test login is a kind of attempt of its own: it lets nobody in, so it counts
-- neither as a success nor as a failure of sign-ins.
ALTER TABLE login_attempts ADD COLUMN kind_now text NOT NULL DEFAULT 'SIGN_IN' CHECK (kind_now IN ('SIGN_IN', 'LOGOUT', 'LOGIN_TEST'));
UPDATE login_attempts SET kind_now = CASE WHEN json_extract(message, '$.loginTest') IS NOT NULL THEN 'LOGIN_TEST' ELSE kind END;
ALTER TABLE login_attempts DROP COLUMN kind;
ALTER TABLE login_attempts RENAME COLUMN kind_now TO kind;

-- +goose Down
ALTER TABLE login_attempts ADD COLUMN kind_then text NOT NULL DEFAULT 'SIGN_IN' CHECK (kind_then IN ('SIGN_IN', 'LOGOUT'));
UPDATE login_attempts SET kind_then = 'LOGOUT' WHERE kind = 'LOGOUT';
ALTER TABLE login_attempts DROP COLUMN kind;
ALTER TABLE login_attempts RENAME COLUMN kind_then TO kind;
