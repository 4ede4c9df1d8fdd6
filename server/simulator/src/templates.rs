//! Message templates: which exist, and whether a send fits them.

use serde_json::Value;

use crate::graph_error::GraphError;
use crate::limits::{CODE_CHARS_MAX, NAME_CHARS_MAX, TEMPLATES_MAX};

/// The language of a template when a registration names none.
pub(crate) const DEFAULT_LANGUAGE: &str = "en_US";

/// Placeholders that a body may have; more would make it longer than Meta allows.
const PLACEHOLDERS_MAX: usize = 100;

/// What a template is for, which decides what it costs and to whom it may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    Authentication,
    Marketing,
    Utility,
}

impl Category {
    fn parse(text: &str) -> Option<Self> {
        [Self::Authentication, Self::Marketing, Self::Utility]
            .into_iter()
            .find(|category| category.as_str().eq_ignore_ascii_case(text))
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Marketing => "marketing",
            Self::Utility => "utility",
        }
    }
}

/// A registered template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) category: Category,
    /// The body with `{{1}}` and so on; empty for an authentication template, whose text is WhatsApp's own.
    body: String,
}

/// A template as a send names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplateUse {
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) body: Vec<String>,
    /// The one-time code of the button.
    pub(crate) button: Option<String>,
}

/// What the phone shows for a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) text: String,
    /// The one-time code, of an authentication template.
    pub(crate) code: Option<String>,
    pub(crate) category: Category,
}

/// The registered templates. While there is none, every name is taken for an approved template, so that a server can
/// be tried before its templates are described here.
#[derive(Debug, Default)]
pub(crate) struct Templates(Vec<Template>);

impl Templates {
    /// Registers a template as `POST /<account>/message_templates` describes it; a second one with its name and
    /// language takes its place.
    pub(crate) fn register(&mut self, body: &Value) -> Result<&Template, GraphError> {
        let text = |key: &str| body[key].as_str().map(str::trim).filter(|text| !text.is_empty());
        let name = text("name").ok_or_else(|| GraphError::required("name"))?;
        let category = text("category").ok_or_else(|| GraphError::required("category"))?;
        let category = Category::parse(category).ok_or_else(|| GraphError::invalid("Unknown category"))?;
        if name.chars().count() > NAME_CHARS_MAX {
            return Err(GraphError::invalid("The name of a template is too long"));
        }
        let language = text("language").unwrap_or(DEFAULT_LANGUAGE);
        let template = Template {
            name: name.to_owned(),
            language: language.to_owned(),
            category,
            body: component(body, "body")
                .and_then(|body| body["text"].as_str())
                .unwrap_or_default()
                .to_owned(),
        };
        self.0.retain(|known| known.name != template.name || known.language != template.language);
        if self.0.len() >= TEMPLATES_MAX {
            return Err(GraphError::new(100).details("Too many templates"));
        }
        self.0.push(template);
        self.0.last().ok_or_else(|| GraphError::new(131_000))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Template> {
        self.0.iter()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Checks a send and says what the phone shows.
    pub(crate) fn render(&self, used: &TemplateUse) -> Result<Rendered, GraphError> {
        let known = self.0.iter().find(|known| known.name == used.name && known.language == used.language);
        let category = match known {
            Some(template) => template.category,
            None if self.0.is_empty() && used.button.is_some() => Category::Authentication,
            None if self.0.is_empty() => Category::Utility,
            None => {
                return Err(GraphError::new(132_001)
                    .details(format!("template name ({}) does not exist in {}", used.name, used.language)));
            }
        };
        if category == Category::Authentication {
            return authentication(used);
        }
        let text = match known.map(|template| template.body.as_str()).filter(|body| !body.is_empty()) {
            Some(body) => fill(body, &used.body)?,
            None if used.body.is_empty() => used.name.clone(),
            None => format!("{}: {}", used.name, used.body.join(", ")),
        };
        Ok(Rendered { text, code: None, category })
    }
}

/// Reads the `template` object of a send. Clients write the types in either case and the index as text or number.
pub(crate) fn parse(template: &Value) -> Result<TemplateUse, GraphError> {
    let name = template["name"].as_str().ok_or_else(|| GraphError::required("template['name']"))?;
    let language = template["language"]["code"]
        .as_str()
        .ok_or_else(|| GraphError::required("template['language']['code']"))?;
    let body = component(template, "body").map(parameters).transpose()?.unwrap_or_default();
    let button = component(template, "button").map(button_text).transpose()?;
    Ok(TemplateUse { name: name.to_owned(), language: language.to_owned(), body, button })
}

fn component<'a>(owner: &'a Value, kind: &str) -> Option<&'a Value> {
    owner["components"]
        .as_array()?
        .iter()
        .find(|component| component["type"].as_str().is_some_and(|given| given.eq_ignore_ascii_case(kind)))
}

fn parameters(component: &Value) -> Result<Vec<String>, GraphError> {
    let parameters = component["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    parameters
        .iter()
        .map(|parameter| {
            let is_text = parameter["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("text"));
            let text = parameter["text"].as_str().filter(|text| is_text && !text.is_empty());
            text.map(str::to_owned).ok_or_else(|| {
                GraphError::new(131_008).details("Parameter of type text is missing text value")
            })
        })
        .collect()
}

fn button_text(button: &Value) -> Result<String, GraphError> {
    let sub_type = button["sub_type"].as_str().unwrap_or_default();
    if !["url", "copy_code"].iter().any(|known| sub_type.eq_ignore_ascii_case(known)) {
        return Err(GraphError::invalid("Unexpected sub_type of a button"));
    }
    let index = &button["index"];
    let index = index.as_u64().or_else(|| index.as_str()?.parse().ok());
    if index != Some(0) {
        return Err(GraphError::invalid("The index of the button must be 0"));
    }
    match parameters(button)?.as_slice() {
        [text] => Ok(text.clone()),
        given => Err(count_mismatch("buttons", given.len(), 1)),
    }
}

fn authentication(used: &TemplateUse) -> Result<Rendered, GraphError> {
    let [code] = used.body.as_slice() else {
        return Err(count_mismatch("body", used.body.len(), 1));
    };
    let Some(button) = &used.button else {
        return Err(count_mismatch("buttons", 0, 1));
    };
    if button != code {
        return Err(GraphError::new(132_012).details("The code of the button is not the code of the body"));
    }
    if code.chars().count() > CODE_CHARS_MAX {
        return Err(GraphError::new(132_005).details("A code has at most 15 characters"));
    }
    Ok(Rendered {
        text: format!("{code} is your verification code. For your security, do not share this code."),
        code: Some(code.clone()),
        category: Category::Authentication,
    })
}

fn fill(body: &str, parameters: &[String]) -> Result<String, GraphError> {
    let placeholders = (1..=PLACEHOLDERS_MAX).take_while(|index| body.contains(&format!("{{{{{index}}}}}")));
    let wanted = placeholders.count();
    if wanted != parameters.len() {
        return Err(count_mismatch("body", parameters.len(), wanted));
    }
    let filled = (1..).zip(parameters).fold(body.to_owned(), |text, (index, parameter): (usize, _)| {
        text.replace(&format!("{{{{{index}}}}}"), parameter)
    });
    Ok(filled)
}

fn count_mismatch(place: &str, given: usize, wanted: usize) -> GraphError {
    GraphError::new(132_000).details(format!(
        "{place}: number of localizable_params ({given}) does not match the expected number of params ({wanted})"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn authentication_send() -> Value {
        json!({"name": "verification_code", "language": {"code": "en_US"}, "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "483920"}]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "483920"}]},
        ]})
    }

    fn render(templates: &Templates, send: &Value) -> Result<Rendered, u32> {
        parse(send).and_then(|used| templates.render(&used)).map_err(|error| error.code())
    }

    #[test]
    fn both_spellings_of_an_authentication_template_are_read() {
        let mut shouted = authentication_send();
        shouted["components"][0]["type"] = json!("BODY");
        shouted["components"][1]["type"] = json!("BUTTON");
        shouted["components"][1]["sub_type"] = json!("URL");
        shouted["components"][1]["index"] = json!(0);
        for send in [authentication_send(), shouted] {
            let rendered = render(&Templates::default(), &send).unwrap();
            assert_eq!(rendered.code.as_deref(), Some("483920"));
            assert_eq!(rendered.category, Category::Authentication);
        }
    }

    #[test]
    fn an_authentication_send_that_does_not_fit_is_refused() {
        let mut different = authentication_send();
        different["components"][1]["parameters"][0]["text"] = json!("000000");
        let mut long = authentication_send();
        for component in 0..2 {
            long["components"][component]["parameters"][0]["text"] = json!("1234567890123456");
        }
        let mut second_button = authentication_send();
        second_button["components"][1]["index"] = json!("1");
        let mut empty = authentication_send();
        empty["components"][0]["parameters"][0]["text"] = json!("");
        let mut bodyless = authentication_send();
        bodyless["components"][0]["parameters"] = json!([]);
        let cases = [
            (different, 132_012),
            (long, 132_005),
            (second_button, 131_009),
            (empty, 131_008),
            (bodyless, 132_000),
        ];
        for (send, code) in cases {
            assert_eq!(render(&Templates::default(), &send), Err(code), "{send}");
        }
    }

    #[test]
    fn once_a_template_is_registered_others_are_unknown() {
        let mut templates = Templates::default();
        templates
            .register(&json!({"name": "welcome", "language": "en", "category": "UTILITY",
                "components": [{"type": "BODY", "text": "Hello {{1}}, it is {{2}}."}]}))
            .unwrap();
        assert_eq!(render(&templates, &authentication_send()), Err(132_001));
        let mut send = json!({"name": "welcome", "language": {"code": "en"}, "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "noon"}]}]});
        assert_eq!(render(&templates, &send).unwrap().text, "Hello Ana, it is noon.");
        send["components"][0]["parameters"].as_array_mut().unwrap().pop();
        assert_eq!(render(&templates, &send), Err(132_000));
        send["language"]["code"] = json!("de");
        assert_eq!(render(&templates, &send), Err(132_001));
    }

    #[test]
    fn a_registration_must_be_complete() {
        let mut templates = Templates::default();
        for body in [json!({}), json!({"name": "a"}), json!({"name": "a", "category": "other"})] {
            assert!(templates.register(&body).is_err(), "{body}");
        }
        let body = json!({"name": "a", "category": "authentication"});
        templates.register(&body).unwrap();
        templates.register(&body).unwrap();
        assert_eq!(templates.iter().count(), 1);
    }
}
