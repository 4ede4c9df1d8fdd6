//! How settings are read, from wherever they stand.

use super::*;

fn settings(environment: &[(&str, &str)]) -> Settings {
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    Settings::read(None, environment).unwrap()
}

#[test]
fn the_metrics_are_on_this_machine_at_a_port_that_follows_the_servers() {
    for (listen, expected) in [
        ("", "127.0.0.1:9787"),
        ("0.0.0.0:80", "127.0.0.1:1080"),
        ("[::]:8790", "127.0.0.1:9790"),
        ("127.0.0.1:65535", "127.0.0.1:64535"),
        ("127.0.0.1:0", "127.0.0.1:0"),
    ] {
        let settings = settings(&[("LOGGIN_LISTEN", listen)]);
        let metrics = settings.metrics(settings.listen().unwrap()).unwrap();
        assert_eq!(metrics, Some(expected.parse().unwrap()), "{listen}");
    }
    let said = |value| settings(&[("LOGGIN_METRICS_LISTEN", value)]).metrics(DEFAULT_LISTEN).unwrap();
    assert_eq!(said("off"), None);
    assert_eq!(said("10.0.0.1:9464"), Some("10.0.0.1:9464".parse().unwrap()));
}

fn secret_of(settings: &Settings) -> Option<String> {
    let settings = settings.with_secrets().unwrap();
    settings.optional("LOGGIN_OTP_SECRET").map(str::to_owned)
}

#[test]
fn a_secret_stands_in_one_place_of_the_environment_which_goes_before_the_file() {
    const SECRET: &str = "LOGGIN_OTP_SECRET";
    const SECRET_FILE: &str = "LOGGIN_OTP_SECRET_FILE";
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let put = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
    put("file", "of the file\n");
    put("of toml", "of the file that the file names");
    std::fs::create_dir(path("credentials")).unwrap();
    put("credentials/loggin_otp_secret", "of the credential\n");
    let (file, credentials) = (path("file"), path("credentials"));
    let by_credential = ("CREDENTIALS_DIRECTORY", &*credentials);
    let read = |toml: &str, environment: &[(&str, &str)]| {
        put("toml", toml);
        let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
        Settings::read(Some(&folder.path().join("toml")), environment)
    };
    let (text, named) = ("otp_secret = \"of toml\"", format!("otp_secret_file = \"{}\"", path("of toml")));
    for toml in ["", text, &named] {
        for (environment, expected) in [
            ([(SECRET, "of the text")], "of the text"),
            ([(SECRET_FILE, &*file)], "of the file"),
            ([by_credential], "of the credential"),
        ] {
            let settings = read(toml, &environment).unwrap();
            assert_eq!(secret_of(&settings).as_deref(), Some(expected), "{toml}");
            assert_eq!(settings.misspelt().count(), 0);
        }
        for twice in [
            [(SECRET, "of the text"), (SECRET_FILE, &*file)],
            [(SECRET, "of the text"), by_credential],
            [(SECRET_FILE, &*file), by_credential],
        ] {
            assert_eq!(read(toml, &twice).unwrap_err().setting, SECRET);
        }
        // What is empty is not set.
        let settings = read(toml, &[(SECRET, " "), (SECRET_FILE, &*file)]).unwrap();
        assert_eq!(secret_of(&settings).as_deref(), Some("of the file"));
    }
    assert_eq!(secret_of(&read(text, &[]).unwrap()).as_deref(), Some("of toml"));
    assert_eq!(secret_of(&read(&named, &[]).unwrap()).as_deref(), Some("of the file that the file names"));
    assert_eq!(read(&format!("{text}\n{named}"), &[]).unwrap_err().setting, SECRET);
    assert!(read("listen_file = \"/etc/hosts\"", &[]).is_err(), "it is no secret");
}

#[test]
fn a_file_that_cannot_be_read_matters_to_who_needs_its_secret() {
    let missing = settings(&[("LOGGIN_DATABASE_URL", "sqlite:a.db"), ("LOGGIN_OTP_SECRET_FILE", "/nowhere")]);
    assert!(missing.database().is_ok());
    let error = missing.config().unwrap_err();
    assert_eq!(error.setting, "LOGGIN_OTP_SECRET");
    assert!(!error.to_string().contains("nowhere"));
}

#[test]
fn acts_are_kept_for_days_or_for_ever() {
    let retention = |days| settings(&[("LOGGIN_RETENTION_DAYS", days)]).retention().ok();
    let days = |days: u64| Some(Some(Duration::from_secs(days * 24 * 60 * 60)));
    for (given, expected) in [
        ("", Some(None)),
        ("30", days(30)),
        (" 3650 ", days(3_650)),
        ("29", None),
        ("3651", None),
        ("-30", None),
        ("30d", None),
        ("4294967326", None),
    ] {
        assert_eq!(retention(given), expected, "{given}");
    }
}
