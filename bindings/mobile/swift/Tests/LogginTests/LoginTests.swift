// The package without a network: what it refuses, what it shows, how waits end.

import Foundation
import XCTest

@testable import Loggin
import class LogginNative.Client

final class LoginTests: XCTestCase {
  private func client() throws -> Loggin {
    try Loggin(LogginConfig(baseURL: "http://127.0.0.1:1"))
  }

  func testLoginsAreMadeOffline() throws {
    let login = try client().createToken("8xkpq2wn")
    XCTAssertTrue(login.token.hasPrefix("lgn1_8XKPQ2WN_"))
    XCTAssertTrue(login.link.hasSuffix(login.code))
    XCTAssertEqual(login.whatsappURL?.absoluteString, login.link)
    XCTAssertFalse(try login.qrSVG().isEmpty)
  }

  func testSecretKeyIsRefused() {
    let key = "lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK"
    XCTAssertThrowsError(try Loggin(LogginConfig(secretKey: key))) { error in
      let error = error as? LogginError
      XCTAssertEqual(error?.kind, .invalidInput)
      XCTAssertEqual(error?.code, "invalid_config")
      XCTAssertFalse("\(String(reflecting: error))".contains(key.dropFirst(14)))
    }
  }

  func testTheStateTellsWhyTheServerIsNotReached() throws {
    let client = try client()
    XCTAssertFalse(client.state().isConnected)
    XCTAssertNil(client.state().cause)
    let token = try client.createToken("8XKPQ2WN").token
    XCTAssertThrowsError(try client.waitForVerifyBlocking(token, timeout: .seconds(1)))
    XCTAssertEqual(client.state().cause, "refused")
    XCTAssertNotNil(client.state().since)
  }

  func testCancellingTheTaskEndsTheWait() async throws {
    let client = try client()
    let token = try client.createToken("8XKPQ2WN").token
    let task = Task { try await client.waitForVerify(token) }
    task.cancel()
    let outcome = await task.result
    XCTAssertThrowsError(try outcome.get()) { XCTAssertTrue($0 is CancellationError) }
  }

  func testCancellingAWaitEndsItForEverybody() async throws {
    let client = try client()
    let wait = client.startWait(try client.createToken("8XKPQ2WN").token)
    wait.cancel()
    for _ in 0..<2 {
      do {
        _ = try await wait.result()
        XCTFail("nobody signed in")
      } catch {
        XCTAssertEqual(error.kind, .closed)
      }
    }
  }

  func testAWaitEndsAtItsDeadline() throws {
    let client = try client()
    let token = try client.createToken("8XKPQ2WN").token
    XCTAssertThrowsError(try client.waitForVerifyBlocking(token, timeout: .milliseconds(20))) { error in
      XCTAssertEqual((error as? LogginError)?.kind, .verifyTimeout)
    }
  }

  func testWhatsAppIsTriedFirstAndItsPageWhereItIsNotThere() async throws {
    let login = try client().createToken("8XKPQ2WN")
    let withApp = await opening(login) { _ in true }
    XCTAssertEqual(withApp, [true])
    let withBrowser = await opening(login) { universalLinksOnly in !universalLinksOnly }
    XCTAssertEqual(withBrowser, [true, false])
    let withNothing = await opening(login) { _ in false }
    XCTAssertNil(withNothing)
  }

  func testPrintingShowsNoSecret() throws {
    let login = try client().createToken("8XKPQ2WN")
    let quiet = try Client(
      baseUrl: "http://127.0.0.1:1", secretKey: nil, appKey: nil, whatsappNumber: nil, timeout: nil, allowInsecureHttp: false,
      caPem: nil)
    let native = try quiet.createToken(appKey: "8XKPQ2WN", text: nil)
    var dumped = ""
    dump(login, to: &dumped)
    dump(LogginConfig(secretKey: login.token), to: &dumped)
    dump(native, to: &dumped)
    XCTAssertFalse(dumped.contains(native.token().dropFirst(14)))
    for shown in ["\(login)", String(reflecting: login), dumped] {
      XCTAssertFalse(shown.contains(login.token.dropFirst(14)))
      XCTAssertFalse(shown.contains(login.code.dropFirst(9)))
    }
  }
}

/// What the system was asked for, universal links only or any; nil where nothing was opened.
@MainActor
private func opening(_ login: CreatedToken, _ isTaken: @Sendable (Bool) -> Bool) async -> [Bool]? {
  var asked: [Bool] = []
  let isOpen = await login.openWhatsApp { url, universalLinksOnly in
    XCTAssertEqual(url, login.whatsappURL)
    asked.append(universalLinksOnly)
    return isTaken(universalLinksOnly)
  }
  return isOpen ? asked : nil
}
