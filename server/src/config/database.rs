//! Which database is used, as it was written. What it means is for the store to say.

use secrecy::{ExposeSecret, SecretString};

use super::{ConfigError, OFF, Settings, secret_files, wrong};

/// The setting that names the database.
pub(super) const DATABASE_URL: &str = "LOGGIN_DATABASE_URL";

/// The value of `LOGGIN_DATABASE_URL`, which may hold a password; it is never shown.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseUrl(SecretString);

impl DatabaseUrl {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The whole text.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl Settings {
    /// Which database is used. Other secrets are left where they are.
    pub(crate) fn database(&self) -> Result<DatabaseUrl, ConfigError> {
        let Some((_, path)) = self.files.iter().find(|(secret, _)| *secret == DATABASE_URL) else {
            return self.required(DATABASE_URL).map(DatabaseUrl::new);
        };
        let text = secret_files::read(path).map_err(|error| wrong(DATABASE_URL, error.to_string()))?;
        Ok(DatabaseUrl(text))
    }

    /// Whether servers on one database tell each other at once of what they change.
    pub(crate) fn notify(&self) -> Result<bool, ConfigError> {
        match self.optional("LOGGIN_NOTIFY") {
            None | Some("on") => Ok(true),
            Some(OFF) => Ok(false),
            Some(_) => Err(wrong("LOGGIN_NOTIFY", "must be `on` or `off`")),
        }
    }

    /// What is wrong with a database's URL that makes no sense to the store.
    pub(crate) fn wrong_database(reason: &'static str) -> ConfigError {
        wrong(DATABASE_URL, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let url = DatabaseUrl::new("postgres://loggin:hunter2@db.example/loggin");
        assert!(!format!("{url:?}").contains("hunter2"));
    }

    #[test]
    fn the_url_may_stand_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("url");
        std::fs::write(&path, "postgres://loggin:hunter2@db.example/loggin\n").unwrap();
        let read = |name: &str, path: &std::path::Path| {
            Settings::read(None, [(name.into(), path.into())].into_iter()).unwrap()
        };
        let settings = read("LOGGIN_DATABASE_URL_FILE", &path);
        assert_eq!(settings.database().unwrap().expose(), "postgres://loggin:hunter2@db.example/loggin");
        let missing = read("LOGGIN_DATABASE_URL_FILE", &folder.path().join("none"));
        assert_eq!(missing.database().unwrap_err().setting(), DATABASE_URL);
    }
}
