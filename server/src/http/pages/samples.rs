//! Programs to copy, each with this server's address and the demo's app.

use askama::Template;

macro_rules! samples {
    ($($language:literal, $title:literal, $file:literal, $type:ident;)*) => {
        $(
            #[derive(Template)]
            #[template(path = $file, escape = "none")]
            struct $type<'a> {
                base_url: &'a str,
                app_key: &'a str,
            }
        )*

        /// All of them, for a server and an app. What stands in them is a URL's origin and an app key: nothing there needs
        /// to be escaped in any of these languages.
        pub(super) fn samples(base_url: &str, app_key: &str) -> Result<Vec<Sample>, askama::Error> {
            Ok(vec![$(Sample {
                id: $language,
                title: $title,
                code: $type { base_url, app_key }.render()?,
            }),*])
        }
    };
}

/// A program in one language.
pub(super) struct Sample {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) code: String,
}

samples! {
    "python", "Python", "code/python.txt", Python;
    "node", "Node", "code/node.txt", Node;
    "react", "React", "code/react.txt", React;
    "nextjs", "Next.js", "code/nextjs.txt", NextJs;
    "kotlin", "Kotlin", "code/kotlin.txt", Kotlin;
    "swift", "Swift", "code/swift.txt", Swift;
    "curl", "curl", "code/curl.txt", Curl;
    "php", "PHP", "code/php.txt", Php;
}
