-- Results that were redeemed and taken back, of which an app asks; the latest are looked through first.
CREATE INDEX logins_taken_back ON logins (app_key, deadline) WHERE state = 7 AND claimed_by IS NOT NULL;
