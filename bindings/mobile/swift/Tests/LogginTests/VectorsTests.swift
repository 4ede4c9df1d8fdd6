// The shared vectors, through the package: each file, each kind, each vector.

import Foundation
import XCTest

@testable import Loggin
@testable import LogginNative

private typealias Object = [String: Any]

/// Fields of a result that others are held to: the server, the core, the Python package.
private let fieldsOfOthers: Set = ["http_status", "otp_http_status", "python_also", "retry"]

/// Kinds that the package has no function for: the core, which it is made of, is held to them.
private let noFunction = [
  "call_timeout": "a device makes no calls",
  "client_call_timeout": "a device makes no calls",
  "client_ip": "one-time codes need the secret key: they are the server's",
  "create": "the package chooses the secret",
  "decode": "streams are read by the core",
  "delay": "delays are chosen by the core",
  "login_event": "streams are read by the core",
  "otp_result": "one-time codes need the secret key: they are the server's",
  "otp_session": "one-time codes need the secret key: they are the server's",
  "parse_code": "nothing takes a code",
  "parse_token": "a token goes to the server and nowhere else",
  "proxy": "the core chooses the proxy",
  "percent_encode": "a text is checked before it is encoded",
  "session": "a device never redeems",
  "verify_webhook": "webhooks go to the app's server, which has their secret",
]

/// Vectors that cannot be put to the package.
private let notHere = [
  "client-huge": "no Duration is so long",
  "client-infinity": "no Duration is so long",
  "client-minus-infinity": "no Duration is so long",
  "client-nan": "no Duration holds it",
  "server-code-made-canonical": "a code is never passed in",
  "server-code-refused": "a code is never passed in",
  "server-query-dropped": "a client refuses a base URL with a query before it makes a link",
  "wa-me-injection": "a text has to hold a code",
  "wa-me-plus": "a text has to hold a code",
  "wait-huge": "no Duration is so long",
  "wait-infinity": "no Duration is so long",
  "wait-minus-infinity": "no Duration is so long",
  "wait-nan": "no Duration holds it",
]

final class VectorsTests: XCTestCase {
  func testNoFileKindOrExceptionIsUnknown() throws {
    let files = try Self.files()
    XCTAssertEqual(Set(files.keys), ["backoff", "errors", "events", "link", "otp", "proxy", "sse", "timeout", "token", "webhook"])
    let vectors = files.values.joined()
    XCTAssertEqual(Set(vectors.map { $0.text("kind") }), Set(Self.calls.keys).union(noFunction.keys))
    XCTAssertEqual(Set(notHere.keys).subtracting(vectors.map { $0.text("id") }), [])
  }

  func testEachVector() throws {
    var checked = 0
    for vector in try Self.files().values.joined() {
      guard noFunction[vector.text("kind")] == nil, notHere[vector.text("id")] == nil else { continue }
      checked += 1
      let call = try XCTUnwrap(Self.calls[vector.text("kind")], vector.text("id"))
      let outcome: Object
      do {
        outcome = try call(vector["input"] as? Object ?? [:])
      } catch let error as LogginError {
        outcome = ["error": error.code]
      }
      let expected = (vector["expect"] as? Object)?.filter { !fieldsOfOthers.contains($0.key) }
      let wanted = expected ?? ["error": vector.text("error")]
      XCTAssertEqual(outcome as NSDictionary, wanted as NSDictionary, vector.text("id"))
    }
    XCTAssertGreaterThan(checked, 50)
  }

  private static func files() throws -> [String: [Object]] {
    let folder = workspace.appendingPathComponent("tests/vectors")
    var files: [String: [Object]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where name.hasSuffix(".json") && name != "schema.json" {
      let data = try Data(contentsOf: folder.appendingPathComponent(name))
      let file = expanded(try JSONSerialization.jsonObject(with: data)) as? Object
      files[String(name.dropLast(".json".count))] = try XCTUnwrap(file?["vectors"] as? [Object])
    }
    return files
  }

  private static let calls: [String: @Sendable (Object) throws -> Object] = [
    "client_timeout": { input in try lasts(ofClient: input.duration, ofWait: nil) },
    "code": { input in
      // A code of a newer server is a `server` error, and keeps its name.
      let error = LogginError(details: failureOf(code: input.text("code")))
      XCTAssertEqual(error.code, input.text("code"))
      return ["class": className(error.kind), "retryable": error.retryable]
    },
    "message_text": { input in
      let client = try Loggin(LogginConfig(whatsappNumber: "15550001111"))
      let link = try link(client, input.text("code"), input["text"] as? String)
      let items = URLComponents(string: link)?.queryItems ?? []
      return ["text": items.first { $0.name == "text" }?.value ?? ""]
    },
    "parse_app_key": { input in
      ["app_key": try String(Loggin().createToken(input.text("text")).code.prefix { $0 != "-" })]
    },
    "server_link": { input in
      let client = try Loggin(LogginConfig(baseURL: input.text("base_url"), allowInsecureHTTP: true))
      return ["link": try link(client, input.text("code"), nil)]
    },
    "wa_me_link": { input in
      let text = input.text("text")
      let form = "[0-9A-Z]{8}(-[0-9A-Z]{5}){4}"
      let code = text.range(of: form, options: .regularExpression).map { String(text[$0]) } ?? ""
      let client = try Loggin(LogginConfig(whatsappNumber: input.text("number")))
      return ["link": try link(client, code, text.replacingOccurrences(of: code, with: "{code}"))]
    },
    "wait_timeout": { input in try lasts(ofClient: nil, ofWait: input.duration) },
    "whatsapp_number": { input in
      let client = try Loggin(LogginConfig(whatsappNumber: input.text("text")))
      return ["digits": URL(string: try client.createToken(demoApp).link)?.lastPathComponent ?? ""]
    },
  ]
}

/// Whether a wait goes on when one that began later is over. Nobody listens where the client asks.
private func lasts(ofClient: Duration?, ofWait: Duration?) throws -> Object {
  let client = try Loggin(LogginConfig(baseURL: "http://127.0.0.1:1", timeout: ofClient))
  let ending = Ending(of: client.startWait(try client.createToken(demoApp).token, timeout: ofWait))
  let later = try client.createToken(demoApp).token
  XCTAssertThrowsError(try client.waitForVerifyBlocking(later, timeout: .milliseconds(1))) { error in
    XCTAssertEqual((error as? LogginError)?.kind, .verifyTimeout)
  }
  client.shutdown()
  let error = ending.error()
  if let error, error.kind == .invalidInput { throw error }
  return ["outcome": error?.kind == .closed ? "goes_on" : error?.code ?? "verified"]
}

/// What a wait ended with, for a thread that blocks.
private final class Ending: @unchecked Sendable {
  private let isThere = DispatchSemaphore(value: 0)
  private var thrown: LogginError?

  init(of wait: PendingWait) {
    Task {
      do throws(LogginError) {
        _ = try await wait.result()
      } catch {
        self.thrown = error
      }
      self.isThere.signal()
    }
  }

  func error() -> LogginError? {
    isThere.wait()
    return thrown
  }
}

/// A link of the package, with the vector's code in place of its own.
private func link(_ client: Loggin, _ code: String, _ text: String?) throws -> String {
  let created = try client.createToken(String(code.prefix(8)), text: text)
  return created.link.replacingOccurrences(of: created.code, with: code.uppercased())
}

/// What other languages call the class of an error.
private func className(_ kind: LogginError.Kind) -> String {
  let name = "\(kind)"
  return name == "server" ? "ServerError" : name.prefix(1).uppercased() + name.dropFirst() + "Error"
}

/// Replaces `{"repeat": "x", "times": 3}`, wherever it stands, by `"xxx"`.
private func expanded(_ value: Any) -> Any {
  if let values = value as? [Any] { return values.map(expanded) }
  guard let object = value as? Object else { return value }
  if Set(object.keys) == ["repeat", "times"], let times = object["times"] as? Int {
    return String(repeating: object.text("repeat"), count: times)
  }
  return object.mapValues(expanded)
}

extension [String: Any] {
  fileprivate func text(_ name: String) -> String {
    self[name] as? String ?? ""
  }

  fileprivate var duration: Duration { .seconds(Double(text("seconds")) ?? 0) }
}
