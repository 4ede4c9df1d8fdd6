//! The pages, as a browser asks for them.

use reqwest::{Method, Response, StatusCode};
use serde_json::json;

use crate::fixture::{ANA, BUSINESS, Fixture, RAVI, SHEENA, buttons_to, code_to};

const FORM: &str = "application/x-www-form-urlencoded";

async fn page(fixture: &Fixture, path: &str) -> String {
    let response = fixture.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.unwrap()
}

async fn submit(fixture: &Fixture, path: &str, fields: &[(&str, &str)]) -> Response {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = fixture.request(Method::POST, path).header("content-type", FORM);
    request.header("origin", &fixture.base).body(body).send().await.unwrap()
}

fn location(response: &Response) -> &str {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    response.headers()["location"].to_str().unwrap()
}

#[tokio::test]
async fn the_list_names_every_phone() {
    let fixture = Fixture::start().await;
    let html = page(&fixture, "/").await;
    for text in ["Ana Torres", "Ravi Kumar", "@realsheena", "number hidden", "+1 555 000 1111"] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("+1 555 000 3333"));
}

#[tokio::test]
async fn a_form_without_script_sends() {
    let fixture = Fixture::start().await;
    let html = page(&fixture, &format!("/phone/{ANA}?text=Code%3A%20A%2B1%20%3Cb%3E")).await;
    assert!(html.contains("Code: A+1 &#60;b&#62;</textarea>"));
    let response = submit(&fixture, &format!("/phone/{ANA}/messages"), &[("text", "Code: A-1\r\nbye")]).await;
    assert_eq!(location(&response), format!("/phone/{ANA}"));
    assert_eq!(fixture.receiver.calls(1).await[0].message()["text"]["body"], "Code: A-1\nbye");
    let empty = submit(&fixture, &format!("/phone/{ANA}/messages"), &[("text", " ")]).await;
    assert_eq!(empty.status(), 400);
}

#[tokio::test]
async fn what_people_write_is_text_and_not_markup() {
    let fixture = Fixture::start().await;
    fixture.text(ANA, "<script>alert(1)</script>").await;
    for path in ["/".to_owned(), format!("/phone/{ANA}"), format!("/phone/{ANA}/chat")] {
        let html = page(&fixture, &path).await;
        assert!(!html.contains("<script>alert") && html.contains("&#60;script&#62;"), "{path}");
    }
}

#[tokio::test]
async fn buttons_are_forms() {
    let fixture = Fixture::start().await;
    fixture.text(ANA, "hello").await;
    let id = fixture.sent(buttons_to(ANA)).await;
    fixture.sent(code_to(ANA, "483920")).await;
    let html = page(&fixture, &format!("/phone/{ANA}")).await;
    assert!(html.contains("Not me") && html.contains(r#"data-copy="483920""#));
    let response =
        submit(&fixture, &format!("/phone/{ANA}/tap"), &[("message_id", &id), ("button_id", "deny")]).await;
    assert_eq!(location(&response), format!("/phone/{ANA}"));
    let chat = fixture.chat(ANA, 3).await;
    assert_eq!((&chat[0]["text"], &chat[0]["in_reply_to"]), (&json!("Not me"), &json!(id)));
}

#[tokio::test]
async fn links_lead_to_the_phone_with_the_text() {
    let fixture = Fixture::start().await;
    let link = format!("https%3A%2F%2Fwa.me%2F{BUSINESS}%3Ftext%3DCode%253A%2520A-1");
    for (path, phone) in [
        (format!("/{BUSINESS}?text=Code%3A%20A-1"), ANA),
        (format!("/{BUSINESS}?text=Code%3A%20A-1&from={RAVI}"), RAVI),
        (format!("/send?phone={BUSINESS}&text=Code%3A%20A-1"), ANA),
        (format!("/open?link={link}"), ANA),
        (format!("/open?link={link}&phone={SHEENA}"), SHEENA),
    ] {
        let response = fixture.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(location(&response), format!("/phone/{phone}?text=Code%3A%20A-1"), "{path}");
    }
    for path in ["/19990000000?text=x", "/open?link=https%3A%2F%2Fexample.com", "/favicon.ico", "/phone"] {
        assert_eq!(fixture.request(Method::GET, path).send().await.unwrap().status(), 400, "{path}");
    }
    assert_eq!(fixture.request(Method::GET, "/phone/19990000000").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_phone_is_added_by_form() {
    let fixture = Fixture::start().await;
    let fields = [("number", "+44 7700 900123"), ("name", "Mary"), ("username", "")];
    assert_eq!(location(&submit(&fixture, "/phones", &fields).await), "/phone/447700900123");
    assert_eq!(submit(&fixture, "/phones", &[("number", "1"), ("name", "x")]).await.status(), 400);
}

#[tokio::test]
async fn a_switch_gives_a_chat_to_the_agent_and_back() {
    let fixture = Fixture::start().await;
    let path = format!("/phone/{ANA}");
    assert!(page(&fixture, &path).await.contains(r#"value="agent" role="switch" aria-checked="false""#));
    for (handler, other, checked) in [("agent", "business", "true"), ("business", "agent", "false")] {
        // A second tap on a page that is not up to date changes nothing.
        for _ in 0..2 {
            let response = submit(&fixture, &format!("{path}/handler"), &[("handler", handler)]).await;
            assert_eq!(location(&response), path);
        }
        let switch = format!(r#"value="{other}" role="switch" aria-checked="{checked}""#);
        assert!(page(&fixture, &path).await.contains(&switch), "{handler}");
        assert_eq!(
            page(&fixture, &format!("{path}/chat")).await.contains(r#"id="agent""#),
            handler == "agent"
        );
    }
    assert_eq!(fixture.receiver.calls(2).await.len(), 2);
    assert_eq!(submit(&fixture, &format!("{path}/handler"), &[("handler", "x")]).await.status(), 422);
}

#[tokio::test]
async fn others_write_from_the_number_by_form() {
    let fixture = Fixture::start().await;
    let path = format!("/phone/{ANA}");
    let write = async |from: &str| {
        submit(&fixture, &format!("{path}/echo"), &[("from", from), ("text", "Hello")]).await
    };
    assert_eq!(
        (write("agent").await.status(), write("app").await.status()),
        (StatusCode::BAD_REQUEST, StatusCode::BAD_REQUEST)
    );
    submit(&fixture, &format!("{path}/handler"), &[("handler", "agent")]).await;
    assert_eq!(location(&submit(&fixture, "/coexistence", &[("on", "true")]).await), "/");
    let html = page(&fixture, &path).await;
    assert!(html.contains(r#"value="agent""#) && html.contains(r#"value="app""#));
    assert_eq!(
        (location(&write("agent").await), location(&write("app").await)),
        (path.as_str(), path.as_str())
    );
    assert_eq!(fixture.chat(ANA, 1).await.len(), 1);
}

#[tokio::test]
async fn anybody_of_the_address_book_is_shared_by_form() {
    let fixture = Fixture::start().await;
    let path = format!("/phone/{ANA}");
    let response = submit(&fixture, &format!("{path}/contact"), &[("contact", "+91 98765 43210")]).await;
    assert_eq!(location(&response), path);
    let contact = fixture.receiver.calls(1).await[0].message()["contacts"][0].clone();
    assert_eq!((&contact["origin"], &contact["phones"][0]["wa_id"]), (&json!("other"), &json!(RAVI)));
    let nobody = submit(&fixture, &format!("{path}/contact"), &[("contact", "Ravi")]).await;
    assert_eq!(nobody.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_new_number_leads_to_its_page() {
    let fixture = Fixture::start().await;
    let response =
        submit(&fixture, &format!("/phone/{ANA}/identity"), &[("number", "+1 555 000 4444")]).await;
    assert_eq!(location(&response), "/phone/15550004444");
    let response = submit(&fixture, "/phone/15550004444/identity", &[]).await;
    assert_eq!(location(&response), "/phone/15550004444");
    let calls = fixture.receiver.calls(2).await;
    let mut kinds: Vec<_> = calls.iter().map(|call| call.message()["system"]["type"].to_string()).collect();
    kinds.sort();
    assert_eq!(kinds, [r#""user_changed_number""#, r#""user_changed_user_id""#]);
    let taken = submit(&fixture, "/phone/15550004444/identity", &[("number", RAVI)]).await;
    assert_eq!(taken.status(), 400);
}

#[tokio::test]
async fn the_list_tells_what_meta_reports() {
    let fixture = Fixture::start().await;
    let events = fixture.get("/control/account").await["events"].as_array().unwrap().clone();
    let html = page(&fixture, "/").await;
    for event in &events {
        assert!(html.contains(event["name"].as_str().unwrap()), "{event}");
    }
    assert_eq!(location(&submit(&fixture, "/account", &[("event", "template_paused")]).await), "/");
    assert_eq!(fixture.receiver.calls(1).await[0].value()["event"], "PAUSED");
    assert_eq!(submit(&fixture, "/account", &[("event", "none")]).await.status(), 400);
}

#[tokio::test]
async fn an_open_page_hears_of_changes_and_reads_at_once() {
    let fixture = Fixture::start().await;
    let mut stream = fixture.request(Method::GET, &format!("/phone/{ANA}/events")).send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert!(String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()).starts_with("event: chat\n"));
    fixture.sent(code_to(ANA, "483920")).await;
    assert!(String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()).contains("event: chat\n"));
    let calls = fixture.receiver.calls(2).await;
    let mut statuses: Vec<_> = calls.iter().map(|call| call.status()["status"].clone()).collect();
    statuses.sort_by_key(ToString::to_string);
    assert_eq!(statuses, ["read", "sent"], "delivered is skipped while the chat is open");
}

#[tokio::test]
async fn other_sites_are_kept_out() {
    let fixture = Fixture::start().await;
    let post =
        |path: String| fixture.request(Method::POST, &path).header("content-type", FORM).body("text=x");
    for origin in ["https://example.com", "null", "http://127.0.0.1:1"] {
        let response = post(format!("/phone/{ANA}/messages")).header("origin", origin).send().await.unwrap();
        assert_eq!(response.status(), 403, "{origin}");
    }
    let rebound = fixture.request(Method::GET, "/").header("host", "example.com").send().await.unwrap();
    assert_eq!(rebound.status(), 403);
    // A form cannot send JSON, and the control API takes nothing else.
    let form = post(format!("/control/phones/{ANA}/messages")).send().await.unwrap();
    assert_eq!(form.status(), 415);
    assert_eq!(fixture.receiver.seen(), 0);
    let headers = fixture.request(Method::GET, "/").send().await.unwrap().headers().clone();
    assert!(headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    assert_eq!(headers["cache-control"], "no-store");
}

#[tokio::test]
async fn styles_and_scripts_are_served() {
    let fixture = Fixture::start().await;
    let html = page(&fixture, &format!("/phone/{ANA}")).await;
    for path in ["/assets/page.css", "/assets/phone.css", "/assets/phone.js", "/assets/icon.svg"] {
        assert!(html.contains(path), "{path}");
        assert!(page(&fixture, path).await.len() > 100);
    }
}
