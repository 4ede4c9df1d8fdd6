//! Secrets that stand in files of their own: those that a setting `…_FILE` names, and the credentials of systemd.
//!
//! A file is read when its secret is needed, so that `app create` works for who may not read it. What it holds, and
//! what its path is, stands in no error.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use secrecy::{SecretString, zeroize::Zeroizing};

/// The settings that are secrets.
pub(super) const SECRETS: [&str; 6] = [
    "WHATSAPP_ACCESS_TOKEN",
    "WHATSAPP_APP_SECRET",
    "WHATSAPP_VERIFY_TOKEN",
    "LOGGIN_OTP_SECRET",
    "LOGGIN_WEBHOOK_SECRET",
    // It may hold a password.
    "LOGGIN_DATABASE_URL",
];

/// What follows the name of a secret in the environment, where the value is the path of its file.
const SUFFIX: &str = "_FILE";

/// The same in the configuration file.
const KEY_SUFFIX: &str = "_file";

/// Where systemd puts the credentials of a service.
pub(super) const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Bytes of a file: access tokens have some hundred, and there may be a few secrets while one is replaced.
const MOST_BYTES: u64 = 8 << 10;

/// Why a secret is not taken from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SecretFileError {
    #[error("is set in more than one way: as itself, as {SUFFIX} or as a credential")]
    SetTwice,
    #[error("the file that it names cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    #[error("the file that it names is no regular file")]
    NoFile,
    #[error("the file that it names has more than {MOST_BYTES} bytes")]
    TooLarge,
    #[error("the file that it names is empty")]
    Empty,
    #[error("the file that it names has more than one line")]
    SeveralLines,
    #[error("the file that it names is not UTF-8")]
    NotText,
}

/// The secret that a name in the environment names the file of.
pub(super) fn of_variable(name: &str) -> Option<&'static str> {
    let secret = name.strip_suffix(SUFFIX)?;
    SECRETS.into_iter().find(|known| *known == secret)
}

/// The key of the secret that a key of the configuration file names the file of.
pub(super) fn of_key(key: &str) -> Option<&str> {
    key.strip_suffix(KEY_SUFFIX)
}

/// The credential of this secret, where the service has one.
pub(super) fn credential(folder: &Path, secret: &str) -> Option<PathBuf> {
    let path = folder.join(secret.to_ascii_lowercase());
    path.symlink_metadata().is_ok().then_some(path)
}

/// The secret in a file. White space around it, such as the line break that editors add, is no part of it.
pub(super) fn read(path: &Path) -> Result<SecretString, SecretFileError> {
    let unreadable = |error: io::Error| SecretFileError::Unreadable(error.kind());
    // Before it is opened: that would wait for whoever writes into a pipe.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(SecretFileError::NoFile);
    }
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(SecretFileError::TooLarge);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretFileError::NotText)?.trim();
    match text {
        "" => Err(SecretFileError::Empty),
        text if text.contains(['\n', '\r']) => Err(SecretFileError::SeveralLines),
        text => Ok(SecretString::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_file_holds_one_secret_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let most = usize::try_from(MOST_BYTES).unwrap();
        let full = "x".repeat(most);
        let cases: [(&[u8], Result<&str, SecretFileError>); 10] = [
            (b"s3cret", Ok("s3cret")),
            (b"s3cret\n", Ok("s3cret")),
            (b" s3cret\r\n\n", Ok("s3cret")),
            (b"new,old\n", Ok("new,old")),
            (full.as_bytes(), Ok(&full)),
            (&[full.as_bytes(), b"\n"].concat(), Err(SecretFileError::TooLarge)),
            (b"", Err(SecretFileError::Empty)),
            (b" \n", Err(SecretFileError::Empty)),
            (b"one\ntwo\n", Err(SecretFileError::SeveralLines)),
            (b"s3cret\xff", Err(SecretFileError::NotText)),
        ];
        for (bytes, expected) in cases {
            fs::write(&path, bytes).unwrap();
            let found = read(&path);
            let found = found.as_ref().map(ExposeSecret::expose_secret).map_err(|error| *error);
            assert_eq!(found, expected, "{} bytes", bytes.len());
        }
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        assert_eq!(read(&missing).err(), Some(SecretFileError::Unreadable(io::ErrorKind::NotFound)));
        assert_eq!(read(folder.path()).err(), Some(SecretFileError::NoFile));
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        assert_eq!(read(&pipe).err(), Some(SecretFileError::NoFile));
        assert_eq!(read(Path::new("/dev/zero")).err(), Some(SecretFileError::NoFile));
        // As Docker and Kubernetes hand secrets out.
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "s3cret").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(read(&link).unwrap().expose_secret(), "s3cret");
    }

    #[test]
    fn only_secrets_have_files() {
        assert_eq!(of_variable("LOGGIN_OTP_SECRET_FILE"), Some("LOGGIN_OTP_SECRET"));
        for name in ["HOME_FILE", "LOGGIN_OTP_SECRET", "_FILE"] {
            assert_eq!(of_variable(name), None, "{name}");
        }
    }
}
