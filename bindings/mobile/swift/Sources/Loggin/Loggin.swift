// A client for an app on a device: it makes tokens and waits for logins, and never redeems.

import Foundation
internal import LogginNative

/// A client of one Loggin server.
///
/// Hand the token to your server, which redeems it with its secret key and decides who is signed in.
///
/// ```swift
/// let loggin = try Loggin(LogginConfig(baseURL: "https://login.example"))
/// let login = try loggin.createToken("8XKPQ2WN")
/// // Open login.whatsappURL: WhatsApp comes up with the message written.
/// _ = try await loggin.waitForVerify(login.token)
/// // Send login.token to your server.
/// ```
///
/// It may be used from any task. Thousands of waits share a handful of connections.
public final class Loggin: Sendable {
  private let client: Client

  /// Makes a client; it opens no connection before it is used.
  ///
  /// Throws `invalid_config` where an option is malformed, or a secret key is given.
  public init(_ config: LogginConfig = LogginConfig()) throws(LogginError) {
    client = try translated { try config.makeClient() }
  }

  /// Makes a login for an app, offline and at once.
  ///
  /// A text of your own must contain `{code}` once, be at most 200 characters long with the code filled in, and have
  /// no `+` and no emoji. Throws `invalid_app_key` or `invalid_request` where an argument is malformed.
  public func createToken(_ appKey: String, text: String? = nil) throws(LogginError) -> CreatedToken {
    CreatedToken(try translated { try client.createToken(appKey: appKey, text: text) })
  }

  /// Waits until the person has signed in. Cancelling the task ends the wait with `CancellationError`.
  ///
  /// It survives whatever is temporary (no network, a restart of the server) until its deadline. The token may be one
  /// that an earlier process of the app has saved. A timeout of zero is no wait; a negative one is `invalid_request`.
  ///
  /// `confirm` is the least confirmation to accept: `reply`, `match` or `code`. A login that was verified with less is
  /// confirmed first; `watch` tells what to show or to ask for. It asks for more only than the app does.
  ///
  /// `returnTo` is a link that opens your app (a universal link), or the page where the login began on this very device, without
  /// query and fragment. Where the login asks for `code`, the message with the digits has a link to it too, if the login's
  /// app allows its origin. `confirm` takes what stands behind `#loggin=` there in place of the digits.
  public func waitForVerify(
    _ token: String, timeout: Duration? = nil, confirm: String? = nil, returnTo: String? = nil
  ) async throws -> Session {
    let wait = startWait(token, timeout: timeout, confirm: confirm, returnTo: returnTo)
    return try await withTaskCancellationHandler {
      do {
        return try await wait.result()
      } catch let error as LogginError where error.kind == .closed {
        try Task.checkCancellation()
        throw error
      }
    } onCancel: {
      wait.cancel()
    }
  }

  /// `waitForVerify` for a thread that may block, which no task may.
  public func waitForVerifyBlocking(
    _ token: String, timeout: Duration? = nil, confirm: String? = nil, returnTo: String? = nil
  ) throws(LogginError) -> Session {
    Session(
      try translated {
        try client.waitForVerifyBlocking(
          token: token, timeout: timeout?.seconds, confirm: confirm, returnTo: returnTo)
      })
  }

  /// Begins a wait that may be cancelled from elsewhere.
  public func startWait(
    _ token: String, timeout: Duration? = nil, confirm: String? = nil, returnTo: String? = nil
  ) -> PendingWait {
    PendingWait(
      client.startWait(token: token, timeout: timeout?.seconds, confirm: confirm, returnTo: returnTo))
  }

  /// Waits as `waitForVerify`, and tells on the way how far the login has come. Iterating begins the wait.
  ///
  /// ```swift
  /// for try await update in loggin.watch(login.token) {
  ///   if case .verified = update { /* Send login.token to your server. */ }
  /// }
  /// ```
  public func watch(
    _ token: String, timeout: Duration? = nil, confirm: String? = nil, returnTo: String? = nil
  ) -> LoginUpdates {
    LoginUpdates { [client] in
      client.watch(token: token, timeout: timeout?.seconds, confirm: confirm, returnTo: returnTo)
    }
  }

  /// Hands in the digits that WhatsApp showed, or what its link brought, for a login that is `.awaitingConfirmation` (the app, or who waits, asks for `code`);
  /// its wait then ends. Cancelling the task ends the call with `CancellationError`.
  ///
  /// It takes 10 seconds at most, unless told otherwise. Throws `invalid_code` with `attemptsLeft` where they are wrong,
  /// `blocked` after too many wrong ones, `expired` where they come too late, `invalid_request` where the login asks for
  /// none, or not yet, and `connection` where the server is not reached.
  public func confirm(_ token: String, confirmationCode: String, timeout: Duration? = nil) async throws {
    let call = client.startConfirm(
      token: token, confirmationCode: confirmationCode, timeout: timeout?.seconds)
    try await ended({ try await call.result() }, onCancel: { call.cancel() })
  }

  /// How far a login has come, now: `pending`, `message_received`, `awaiting_match`, `awaiting_confirmation` or `verified`. The list is open:
  /// a newer server may tell more. It waits for nothing; who can wait is told sooner by `watch`.
  ///
  /// It takes 10 seconds at most, unless told otherwise. Throws what the login has ended with, or why the call failed.
  public func status(_ token: String, timeout: Duration? = nil) async throws -> String {
    let call = client.startStatus(token: token, timeout: timeout?.seconds)
    return try await ended({ try await call.result() }, onCancel: { call.cancel() })
  }

  /// Hangs up: call it when the scene goes to the background. The waits go on, and so do their deadlines.
  public func onBackground() {
    client.onBackground()
  }

  /// Connects anew, at once, and learns what has happened meanwhile: call it when the scene becomes active, and when
  /// the device's network has changed.
  public func onForeground() {
    client.onForeground()
  }

  /// How the client stands to its server, without asking it.
  public func state() -> ClientState {
    ClientState(client.state())
  }

  /// Ends every wait with `closed`, and every later one.
  public func shutdown() {
    client.shutdown()
  }
}

/// A wait that has begun. Letting go of it ends it.
public final class PendingWait: Sendable {
  private let native: Wait
  private let outcome: Task<Result<Session, LogginError>, Never>

  init(_ native: Wait) {
    self.native = native
    outcome = Task { await settled(native) }
  }

  deinit {
    native.cancel()
  }

  /// Waits for the result, which any number of tasks may do. Throws `closed` where `cancel` came first.
  public func result() async throws(LogginError) -> Session {
    try await outcome.value.get()
  }

  /// Ends the wait. Once there is a result, it stays.
  public func cancel() {
    native.cancel()
  }
}

/// The result of a call, which the end of the task ends.
private func ended<Value: Sendable>(
  _ result: @escaping @Sendable () async throws -> Value, onCancel cancel: @escaping @Sendable () -> Void
) async throws -> Value {
  try await withTaskCancellationHandler {
    do {
      return try await result()
    } catch {
      let failure = LogginError(error)
      if failure.kind == .closed { try Task.checkCancellation() }
      throw failure
    }
  } onCancel: {
    cancel()
  }
}

private func settled(_ wait: Wait) async -> Result<Session, LogginError> {
  do {
    return .success(Session(try await wait.result()))
  } catch {
    return .failure(LogginError(error))
  }
}
