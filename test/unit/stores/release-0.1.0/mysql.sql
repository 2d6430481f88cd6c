-- Layout 1
CREATE TABLE IF NOT EXISTS `web` (
  session_key varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'The public session id: safe to log, no credential',
  user_id varbinary(768) NULL COMMENT 'UTF-8; NULL while anonymous',
  payload longblob NOT NULL COMMENT 'UTF-8',
  created_at bigint NOT NULL COMMENT 'Milliseconds since 1970-01-01 UTC, as all times',
  seen_at bigint NOT NULL,
  expires_at bigint NOT NULL COMMENT 'From then on the row is absent to the application, and swept later',
  version bigint NOT NULL COMMENT 'Changes with every write but a touch',
  PRIMARY KEY (session_key),
  KEY by_user (user_id, created_at, session_key),
  KEY by_expiry (expires_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='Sojourn: one row per session';
CREATE TABLE IF NOT EXISTS `web_epochs` (
  user_id varbinary(768) NOT NULL,
  epoch bigint NOT NULL COMMENT 'Moves when the sessions of the user are revoked: a login that began before is refused',
  used_at bigint NOT NULL COMMENT 'The last login or revocation, to the day; removed a month later',
  PRIMARY KEY (user_id),
  KEY by_use (used_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='Sojourn: one row per user who logs in';
CREATE TABLE IF NOT EXISTS `web_meta` (
  name varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value bigint NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='Sojourn: the layout of the tables, and the epoch of everybody';
INSERT IGNORE INTO `web_meta` (name, value) VALUES ('epoch', 720637136784648);
INSERT INTO `web_meta` (name, value) VALUES ('compatible', 1), ('layout', 1)
  ON DUPLICATE KEY UPDATE value = GREATEST(value, IF(name = 'layout', 1, 1));
