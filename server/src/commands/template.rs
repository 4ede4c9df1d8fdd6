//! `loggin-server template …`: the templates of messages that the account has, as Meta tells of them.

use std::sync::Arc;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{output::print_line, run::RunError};
use crate::{
    clock::{SystemClock, SystemRandom},
    config::Settings,
    doctor::{self, Template},
};

/// The setting that names the template of one-time codes.
const TEMPLATE: &str = "WHATSAPP_OTP_TEMPLATE";

/// What is asked of templates.
#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// List all templates, each in each of its languages.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a template in all its languages.
    Show {
        /// Its name; that of one-time codes where none is given.
        name: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Asks Meta, and prints what it tells.
pub(super) async fn run(settings: Settings, command: TemplateCommand) -> Result<(), RunError> {
    let (name, json) = match command {
        TemplateCommand::List { json } => (None, json),
        TemplateCommand::Show { name: Some(name), json } => (Some(name), json),
        TemplateCommand::Show { name: None, json } => {
            let examined = settings.examine();
            // Something stands in for what is wrong or missing.
            let is_missing = examined.errors.iter().any(|error| error.setting() == TEMPLATE);
            let otp = examined.config.and_then(|config| config.otp).filter(|_| !is_missing);
            let own = otp.map(|otp| otp.template).ok_or_else(|| {
                RunError::Refused("no one-time codes are sent: name the template".to_owned())
            })?;
            (Some(own), json)
        }
    };
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let found = doctor::read_templates(settings, clock, random, name.as_deref()).await;
    let found = found.map_err(|why| RunError::Refused(format!("the templates are not known: {why}")))?;
    if let (Some(name), true) = (&name, found.is_empty()) {
        return Err(RunError::Refused(format!("the account has no template with the name {name}")));
    }
    if json {
        let found: Vec<Value> = found.iter().map(as_json).collect();
        return print_line(&Value::from(found).to_string());
    }
    found.iter().try_for_each(|template| print_line(&line(template)))
}

fn line(template: &Template) -> String {
    let Template { name, language, status, category, quality, is_in_use } = template;
    let quality = quality.as_deref().unwrap_or("unknown");
    let in_use = if *is_in_use { "  one-time codes" } else { "" };
    format!("{name}  {language}  {status}  {category}  quality {quality}{in_use}")
}

fn as_json(template: &Template) -> Value {
    json!({
        "name": template.name,
        "language": template.language,
        "status": template.status,
        "category": template.category,
        "quality": template.quality,
        "in_use": template.is_in_use,
    })
}
