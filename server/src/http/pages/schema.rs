//! A schema of the document in words: the kind and bounds of each field, and an example of the whole.

use serde_json::{Map, Value, json};

/// Where schemas stand in the document.
const SCHEMAS: &str = "#/components/schemas/";

/// Stands in examples for what belongs to one login: the first of the protocol's published ones.
const EXAMPLES: [(&str, &str); 4] = [
    ("code", "8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB"),
    ("login_ids", "8b3c5ab4ab84e97a35ac2cbb29ba4a87"),
    ("token", "lgn1_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK"),
    ("tokens", "lgn1_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK"),
];

/// The schemas of a document, by their names.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'a>(pub(super) &'a Value);

/// A field, a parameter or a header.
pub(super) struct Field {
    pub(super) name: String,
    /// Such as `integer, 4 to 8`.
    pub(super) kind: String,
    /// The schema that describes it, if it has a name.
    pub(super) link: Option<String>,
    pub(super) is_required: bool,
    pub(super) text: String,
    pub(super) default: Option<String>,
    pub(super) example: Option<String>,
}

/// One form that an object may have.
pub(super) struct Variant {
    pub(super) text: String,
    pub(super) fields: Vec<Field>,
}

/// A schema that has a name.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) text: String,
    /// Of a text: what it may be.
    pub(super) values: Vec<String>,
    pub(super) variants: Vec<Variant>,
}

/// A text of the document; empty where there is none.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A value as it stands in JSON, a text without its quotes.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The name of the schema that this one stands for, `null` left aside.
fn reference(schema: &Value) -> Option<&str> {
    let own = schema["$ref"].as_str().and_then(|path| path.strip_prefix(SCHEMAS));
    own.or_else(|| list(&schema["oneOf"]).iter().find_map(reference)).or_else(|| {
        let items = &schema["items"];
        items.is_object().then(|| reference(items)).flatten()
    })
}

impl Field {
    /// A field with this schema.
    pub(super) fn new(name: &str, schema: &Value, is_required: bool, text: String) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind(schema),
            link: reference(schema).map(str::to_owned),
            is_required,
            text,
            default: shown(&schema["default"]),
            example: shown(&schema["example"]),
        }
    }
}

impl Schemas<'_> {
    /// All that have a name.
    pub(super) fn named(self) -> Vec<Named> {
        let all = self.0.as_object().into_iter().flatten();
        all.map(|(name, schema)| Named {
            name: name.clone(),
            text: text(&schema["description"]),
            values: list(&schema["enum"]).iter().filter_map(shown).collect(),
            variants: self.variants(schema),
        })
        .collect()
    }

    fn variants(self, schema: &Value) -> Vec<Variant> {
        let one = list(&schema["oneOf"]);
        let of = |schema: &Value| Variant { text: text(&schema["description"]), fields: self.fields(schema) };
        if one.is_empty() {
            vec![Variant { text: String::new(), ..of(schema) }]
        } else {
            one.iter().map(of).collect()
        }
    }

    /// The fields of an object, those of what it is put together from among them.
    pub(super) fn fields(self, schema: &Value) -> Vec<Field> {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix(SCHEMAS)) {
            return self.fields(&self.0[name]);
        }
        let required = list(&schema["required"]);
        let own = schema["properties"].as_object().into_iter().flatten();
        let own = own.map(|(name, property)| {
            let is_required = required.iter().any(|known| known.as_str() == Some(name));
            Field::new(name, property, is_required, text(&property["description"]))
        });
        own.chain(list(&schema["allOf"]).iter().flat_map(|part| self.fields(part))).collect()
    }

    /// A value as this schema has it, with every field, or those alone that have to be there.
    pub(super) fn example(self, schema: &Value, whole: bool) -> Value {
        self.example_of(None, schema, whole)
    }

    fn example_of(self, name: Option<&str>, schema: &Value, whole: bool) -> Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix(SCHEMAS)) {
            return self.example_of(None, &self.0[name], whole);
        }
        for given in ["example", "default"] {
            if !schema[given].is_null() {
                return schema[given].clone();
            }
        }
        if let Some(first) = list(&schema["oneOf"]).last().or(list(&schema["enum"]).first()) {
            return if first.is_object() { self.example_of(name, first, whole) } else { first.clone() };
        }
        let known = EXAMPLES.iter().find(|(known, _)| Some(*known) == name).map(|(_, value)| json!(value));
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
        match (kind, schema["format"].as_str()) {
            (Some("array"), _) => {
                json!([known.unwrap_or_else(|| self.example_of(None, &schema["items"], whole))])
            }
            (Some("string"), Some("uuid")) => json!("0b9f3a52-7c41-4c1e-9d0a-5f1f6c2a7e10"),
            (Some("string"), Some("date-time")) => json!("2026-11-22T08:00:00.000Z"),
            (Some("string"), _) => known.unwrap_or_else(|| json!("…")),
            (Some("integer" | "number"), _) => schema["minimum"].as_i64().unwrap_or_default().into(),
            (Some("boolean"), _) => true.into(),
            (Some("null"), _) => Value::Null,
            (Some("object"), _) => self.example_object(schema, whole),
            _ if schema["allOf"].is_array() => self.example_object(schema, whole),
            _ => json!({}),
        }
    }

    fn example_object(self, schema: &Value, whole: bool) -> Value {
        let required = list(&schema["required"]);
        let is_required = |name: &String| required.iter().any(|known| known.as_str() == Some(name));
        let own = schema["properties"].as_object().into_iter().flatten();
        let own = own.filter(|(name, _)| whole || is_required(name));
        let mut object: Map<String, Value> = own
            .map(|(name, property)| (name.clone(), self.example_of(Some(name), property, whole)))
            .collect();
        for part in list(&schema["allOf"]) {
            if let Value::Object(fields) = self.example_of(None, part, whole) {
                object.extend(fields);
            }
        }
        Value::Object(object)
    }
}

/// The kind of a value with its bounds, in words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix(SCHEMAS)) {
        return name.to_owned();
    }
    let one = list(&schema["oneOf"]);
    if !one.is_empty() {
        return one.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let values: Vec<String> = list(&schema["enum"]).iter().filter_map(shown).collect();
    if !values.is_empty() {
        return values.join(" or ");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return "any JSON".to_owned(),
    };
    let kinds = kinds.iter().map(|each| match *each {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("object of {}", kind(&schema["additionalProperties"]))
        }
        "string" => schema["format"].as_str().unwrap_or("string").to_owned(),
        plain => plain.to_owned(),
    });
    let bounds = bounds(schema);
    [kinds.collect::<Vec<_>>().join(" or ")].into_iter().chain(bounds).collect::<Vec<_>>().join(", ")
}

/// How large, how long and of what form a value may be.
fn bounds(schema: &Value) -> Vec<String> {
    let range = |least: &str, most: &str, unit: &str| match (schema[least].as_i64(), schema[most].as_i64()) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
        (Some(least), None) => Some(format!("{least} or more{unit}")),
        (None, Some(most)) => Some(format!("up to {most}{unit}")),
        (None, None) => None,
    };
    let form = schema["pattern"].as_str().map(|pattern| format!("matches {pattern}"));
    [
        range("minimum", "maximum", ""),
        range("minLength", "maxLength", " characters"),
        range("minItems", "maxItems", " entries"),
        form,
    ]
    .into_iter()
    .flatten()
    .collect()
}
