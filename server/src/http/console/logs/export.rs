//! `GET /console/logs.csv`: the log as a file, read and sent page by page, so that its length costs no memory.

use std::{borrow::Cow, collections::HashMap, io, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use csv::{QuoteStyle, Terminator, WriterBuilder};
use futures_util::stream;
use loggin_protocol::AppKey;

use super::{
    filter::LogsQuery,
    source::{self, Source},
};
use crate::{
    history::row::RowBody,
    http::console::{Admin, ConsoleError},
    limits::Share,
    state::Server,
    store::{HistoryFilter, HistoryRow, HistoryStart},
};

/// The columns.
const HEAD: [&str; 13] = [
    "ended_at",
    "app_key",
    "app",
    "kind",
    "id",
    "outcome",
    "reason",
    "country",
    "phone",
    "confirmation",
    "started_at",
    "message_at",
    "verified_at",
];

/// What the browser is told of the file.
const HEADERS: [(HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
    (header::CONTENT_DISPOSITION, "attachment; filename=\"loggin-logs.csv\""),
];

/// An export under way.
struct Export {
    source: Source,
    filter: HistoryFilter,
    names: HashMap<AppKey, String>,
    /// `None` once the last page was sent.
    start: Option<HistoryStart>,
    _share: Share<u64>,
}

/// Sends all rows that the fields let through, the latest first.
pub(in crate::http::console) async fn handle(
    State(server): State<Arc<Server>>,
    admin: Admin,
    Query(query): Query<LogsQuery>,
) -> Result<Response, ConsoleError> {
    let asked = query.read();
    if !asked.errors.is_empty() {
        // The form says what is wrong with it.
        return super::list(&server, &admin, &query, asked).await;
    }
    let Some(share) = source::share(&server.exports, &server, &admin) else {
        const FULL: &str = "Another export of yours is under way: wait for its end.";
        return Ok((StatusCode::TOO_MANY_REQUESTS, FULL).into_response());
    };
    let names = source::app_names(&server, &admin).await?;
    let source = Source::new(Arc::clone(&server), &admin);
    let mut export =
        Export { source, filter: asked.filter, names, start: Some(HistoryStart::Latest), _share: share };
    // What fails before anything was sent is told as a page.
    let first = export.next().await?;
    let rest = stream::try_unfold(export, async |mut export: Export| {
        // A connection that breaks tells that this is not all.
        let page = export.next().await.map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))?;
        Ok::<_, io::Error>(page.map(|page| (page, export)))
    });
    let head = Bytes::from(lines(std::iter::once(HEAD.map(str::to_owned))));
    let begin = stream::iter([Some(head), first].into_iter().flatten().map(Ok));
    Ok((HEADERS, Body::from_stream(futures_util::StreamExt::chain(begin, rest))).into_response())
}

impl Export {
    /// The lines of the next page; `None` after the last.
    async fn next(&mut self) -> Result<Option<Bytes>, ConsoleError> {
        let Some(start) = self.start else { return Ok(None) };
        let page = self.source.page(&self.filter, start, crate::limits::HISTORY_PAGE).await?;
        self.start = page.next.map(HistoryStart::Before);
        Ok(Some(Bytes::from(lines(page.rows.iter().map(|row| self.line(row))))))
    }

    fn line(&self, row: &HistoryRow) -> [String; HEAD.len()] {
        let body = RowBody::from(row);
        let name = self.names.get(&row.entry.app_key).cloned().unwrap_or_default();
        [
            body.ended_at,
            body.app_key,
            name,
            body.kind.to_owned(),
            body.id,
            body.outcome.to_owned(),
            body.reason.unwrap_or_default().to_owned(),
            body.country.unwrap_or_default(),
            body.phone.unwrap_or_default(),
            body.confirmation.unwrap_or_default().to_owned(),
            body.started_at,
            body.message_at.unwrap_or_default(),
            body.verified_at.unwrap_or_default(),
        ]
    }
}

/// Rows as RFC 4180 has them.
fn lines<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> Vec<u8> {
    let mut builder = WriterBuilder::new();
    builder.terminator(Terminator::CRLF).quote_style(QuoteStyle::Necessary);
    let mut writer = builder.from_writer(Vec::new());
    for row in rows {
        // Each row has as many columns as the one before, and memory takes what is written.
        let _ = writer.write_record(row.iter().map(|text| cell(text).into_owned()));
    }
    writer.into_inner().unwrap_or_default()
}

/// A text that begins like a formula, behind an apostrophe: a spreadsheet would carry it out. An app's name is anybody's.
fn cell(text: &str) -> Cow<'_, str> {
    const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
    if text.trim_start_matches([' ', '\n']).starts_with(FORMULA) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n@x", "＝1"] {
            assert_eq!(cell(text), format!("'{text}"), "{text:?}");
        }
        for text in ["", "Shop", "…3210", "2026-12-01T00:00:00Z", "a=b", "'=1"] {
            assert_eq!(cell(text), text);
        }
    }

    #[test]
    fn what_could_end_a_cell_is_quoted() {
        let row = [["a,b".to_owned(), "say \"hi\"".to_owned(), "two\nlines".to_owned()]];
        let text = String::from_utf8(lines(row.into_iter())).unwrap();
        assert_eq!(text, "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n");
    }
}
