// Logins from the tap to the server's redeeming, against the real server and simulator.

import XCTest

@testable import Loggin

final class ServerTests: XCTestCase {
  func testAPersonSignsInAndTheAppsServerRedeems() async throws {
    try await withEnvironment { environment in
      let (appKey, secretKey) = try await environment.createApp()
      let client = try environment.client()
      let login = try client.createToken(appKey)
      async let waiting = client.waitForVerify(login.token)
      let phone = try await environment.tap(login.link)
      let session = try await waiting
      XCTAssertEqual([session.appKey, session.phone], [appKey, phone])
      XCTAssertFalse("\(session)\(String(reflecting: session))".contains(phone))
      let redeemed = try await environment.redeem(login.token, secretKey)
      XCTAssertEqual(redeemed, phone)
    }
  }

  func testALoginToAnotherAppThanTheClientsIsRefusedAndNotObserved() async throws {
    try await withEnvironment { environment in
      let (appKey, secretKey) = try await environment.createApp()
      let any = try environment.client()
      let login = try any.createToken(appKey)
      let phone = try await environment.tap(login.link)
      let ours = try environment.client(appKey: demoApp)
      do {
        _ = try await ours.waitForVerify(login.token)
        XCTFail("the login of another app was observed")
      } catch let error as LogginError {
        XCTAssertEqual(error.code, "unknown_app")
      }
      let session = try await any.waitForVerify(login.token)
      XCTAssertEqual(session.appKey, appKey)
      let redeemed = try await environment.redeem(login.token, secretKey)
      XCTAssertEqual(redeemed, phone)
    }
  }

  func testAnAppMayHidePhonesFromDevices() async throws {
    try await withEnvironment { environment in
      let (appKey, secretKey) = try await environment.createApp("--hide-phone-from-browser")
      let client = try environment.client()
      let login = try client.createToken(appKey)
      let phone = try await environment.tap(login.link)
      let session = try await client.waitForVerify(login.token)
      XCTAssertNil(session.phone)
      let redeemed = try await environment.redeem(login.token, secretKey)
      XCTAssertEqual(redeemed, phone)
    }
  }

  func testProgressIsToldThenWhoSignedInThenNothing() async throws {
    try await withEnvironment { environment in
      let (appKey, _) = try await environment.createApp("--confirm", "code")
      let client = try environment.client()
      let login = try client.createToken(appKey)
      let phone = try await environment.tap(login.link)
      var updates = client.watch(login.token).makeAsyncIterator()
      var update = try await updates.next()
      while update == .messageReceived { update = try await updates.next() }
      XCTAssertEqual(update, .awaitingConfirmation)
      let status = try await client.status(login.token)
      XCTAssertEqual(status, "awaiting_confirmation")
      let code = try await environment.code(on: phone)
      let wrong = await failure { try await client.confirm(login.token, confirmationCode: "no digits") }
      XCTAssertEqual(wrong?.kind, .invalidCode)
      XCTAssertEqual(wrong?.attemptsLeft, 5)
      try await client.confirm(login.token, confirmationCode: code)
      let last = try await updates.next()
      guard case .verified(let session) = last else { return XCTFail("nobody has signed in") }
      XCTAssertEqual(session.phone, phone)
      let end = try await updates.next()
      XCTAssertNil(end)
      var count = 0
      for try await _ in client.watch(login.token) { count += 1 }
      XCTAssertEqual(count, 1, "an iteration that comes late is told the end only")
    }
  }

  func testTheLinkBackTakesThePlaceOfTheCode() async throws {
    try await withEnvironment { environment in
      let page = "https://shop.example/login"
      let (appKey, _) = try await environment.createApp(
        "--confirm", "code", "--allowed-origin", "https://shop.example")
      let client = try environment.client()
      let login = try client.createToken(appKey)
      let wait = client.startWait(login.token, returnTo: page)
      // The server has to know where the login began before the message comes.
      while !client.state().isConnected { await Task.yield() }
      let phone = try await environment.tap(login.link)
      let link = try await environment.link(on: phone)
      XCTAssertEqual(link.page, page)
      try await client.confirm(login.token, confirmationCode: link.brought)
      let session = try await wait.result()
      XCTAssertEqual(session.confirmation, "code")
    }
  }

  func testTheTapWhileTheAppIsFrozenIsToldWhenItComesBack() async throws {
    try await withEnvironment { environment in
      let (frozen, other) = (try environment.client(), try environment.client())
      let login = try frozen.createToken(demoApp)
      let wait = frozen.startWait(login.token)
      frozen.onBackground()
      let phone = try await environment.tap(login.link)
      _ = try await other.waitForVerify(login.token)
      frozen.onForeground()
      let session = try await wait.result()
      XCTAssertEqual(session.phone, phone)
    }
  }

  func testASavedTokenIsWaitedForByTheAppsNextProcess() async throws {
    try await withEnvironment { environment in
      let saved = try environment.client().createToken(demoApp)
      let phone = try await environment.tap(saved.link)
      let session = try await environment.client().waitForVerify(" \(saved.token)\n")
      XCTAssertEqual(session.phone, phone)
    }
  }

  func testCancellingOneTaskLeavesTheOthers() async throws {
    try await withEnvironment { environment in
      let client = try environment.client()
      let login = try client.createToken(demoApp)
      let tasks = (0..<3).map { _ in Task { try await client.waitForVerify(login.token) } }
      let watching = Task { for try await _ in client.watch(login.token) {} }
      tasks[0].cancel()
      watching.cancel()
      for outcome in [await tasks[0].result.map { _ in }, await watching.result] {
        XCTAssertThrowsError(try outcome.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
      }
      let phone = try await environment.tap(login.link)
      for task in tasks[1...] {
        let session = try await task.value
        XCTAssertEqual(session.phone, phone)
      }
    }
  }

  func testThousandsOfWaitsAreCancelledAndNoneIsPending() async throws {
    try await withEnvironment { environment in
      let client = try environment.client()
      let tokens = try (0..<8_000).map { _ in try client.createToken(demoApp).token }
      let held = residentBytes()
      let waits = tokens.map { client.startWait($0) }
      print("memory of a wait: \((residentBytes() - held) / waits.count) bytes of the process, its task included")
      for wait in waits { wait.cancel() }
      for wait in waits {
        let error = await failure { try await wait.result() }
        XCTAssertEqual(error?.kind, .closed)
      }
      let login = try client.createToken(demoApp)
      let phone = try await environment.tap(login.link)
      let session = try await client.waitForVerify(login.token)
      XCTAssertEqual(session.phone, phone, "the client is as good as new")
    }
  }

  func testFailuresAreOfTheirKind() async throws {
    try await withEnvironment { environment in
      let client = try environment.client()
      let (unknown, login) = (try client.createToken("00000000"), try client.createToken(demoApp))
      let kinds = [
        await failure { try await client.waitForVerify(unknown.token) },
        await failure { try await client.waitForVerify(login.token, timeout: .milliseconds(20)) },
        await failure { try await client.waitForVerify("lgn1_") },
        await failure { try await client.confirm(login.token, confirmationCode: "123456") },
        await failure { for try await _ in client.watch(login.token, timeout: .milliseconds(20)) {} },
      ].map { $0?.kind }
      XCTAssertEqual(kinds, [.authentication, .verifyTimeout, .invalidInput, .invalidInput, .verifyTimeout])
      client.shutdown()
      let closed = await failure { try await client.waitForVerify(login.token) }
      XCTAssertEqual(closed?.code, "closed")
    }
  }
}

/// What of this process is in memory; 0 where that is not said in a file.
private func residentBytes() -> Int {
  let numbers = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
  return numbers.count > 1 ? (Int(numbers[1]) ?? 0) * 4_096 : 0
}
