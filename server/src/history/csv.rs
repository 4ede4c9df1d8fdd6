//! Rows of the history as CSV (RFC 4180), for spreadsheets and programs that read such.

use super::row::RowBody;

/// The names of the columns, which are those of [`RowBody`].
pub(crate) const HEAD: &str = "app_key,kind,id,outcome,reason,country,phone,confirmation,started_at,message_at,\
                               verified_at,ended_at,verified_after_ms\r\n";

/// One row, with the end of its line.
pub(crate) fn line(row: &RowBody) -> String {
    let after = row.verified_after_ms.map(|millis| millis.to_string());
    let fields = [
        Some(row.app_key.as_str()),
        Some(row.kind),
        Some(row.id.as_str()),
        Some(row.outcome),
        row.reason,
        row.country.as_deref(),
        row.phone.as_deref(),
        row.confirmation,
        Some(row.started_at.as_str()),
        row.message_at.as_deref(),
        row.verified_at.as_deref(),
        Some(row.ended_at.as_str()),
        after.as_deref(),
    ];
    let fields: Vec<String> = fields.into_iter().map(|field| quoted(field.unwrap_or_default())).collect();
    fields.join(",") + "\r\n"
}

/// A field that no reader takes for more than a text: with what ends it in quotes, and without what begins a formula.
fn quoted(field: &str) -> String {
    let field = field.trim_start_matches(['=', '+', '-', '@', '\t', '\r']);
    if field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{HistoryRow, tests::history_entry};

    #[test]
    fn a_row_has_as_many_fields_as_there_are_columns() {
        let body = RowBody::from(&HistoryRow { id: 1, entry: history_entry(1) });
        let line = line(&body);
        assert_eq!(line.matches(',').count(), HEAD.matches(',').count());
        assert!(line.starts_with("00000000,login,login 1,redeemed,,IN,…3210,code,"), "{line}");
        assert!(line.ends_with(",2500\r\n"), "{line}");
    }

    #[test]
    fn no_field_ends_early_or_is_a_formula() {
        for (given, written) in
            [("a", "a"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("=1+1", "1+1"), ("a\nb", "\"a\nb\"")]
        {
            assert_eq!(quoted(given), written);
        }
    }
}
