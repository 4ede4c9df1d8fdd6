// The one error of the package, and where failures of the native library become it.

import Foundation
internal import LogginNative

/// Why a call failed. `kind` says what to do, `code` what happened. Never judge by `message`.
public struct LogginError: Error, Sendable, LocalizedError {
  /// The class of an error, the same in every language.
  public enum Kind: Sendable, CaseIterable {
    /// The login was redeemed before: start another one.
    case alreadyUsed
    /// The app is unknown, or a key is wrong: fix the set-up.
    case authentication
    /// Too many wrong codes: start again later.
    case blocked
    /// The client was shut down, or the wait cancelled.
    case closed
    /// The server was not reached.
    case connectionFailed
    /// The person said "not me": start another login.
    case denied
    /// The login was not finished in time: start another one.
    case expired
    /// The code that was typed is wrong: ask again.
    case invalidCode
    /// An argument or an option is malformed: fix the call.
    case invalidInput
    /// WhatsApp did not tell the phone number: start another login.
    case phoneHidden
    /// The app's monthly quota is used up.
    case quotaExceeded
    /// Too many requests: call again after `retryAfter`.
    case rateLimit
    /// The server failed.
    case server
    /// The wait's own deadline passed: start another login.
    case verifyTimeout
  }

  /// What to do about it.
  public let kind: Kind
  /// What happened, as the protocol names it, e.g. `expired`.
  public let code: String
  /// For a developer; it may change.
  public let message: String
  /// Whether the same call may succeed later.
  public let retryable: Bool
  /// The HTTP status, where there was a response.
  public let status: Int?
  /// Seconds to wait before calling again.
  public let retryAfter: TimeInterval?
  /// Tries that are left to type a code.
  public let attemptsLeft: Int?
  /// The server's name for the request, for its log.
  public let requestID: String?
  /// Why the server was not reached, e.g. `dns` or `tls_expired`; a timeout has it where nothing was connected.
  public let cause: String?

  public var errorDescription: String? { message }

  init(details: FailureDetails) {
    kind = Kind(details.class)
    code = details.code
    message = details.reason
    retryable = details.isRetryable
    status = details.status.map(Int.init)
    retryAfter = details.retryAfter
    attemptsLeft = details.attemptsLeft.map(Int.init)
    requestID = details.requestId
    cause = details.cause
  }

  /// A failure of the native library; anything else is a defect of the binding, told as `internal`.
  init(_ error: any Error) {
    if case Failure.Failed(let details) = error {
      self.init(details: details)
    } else {
      self.init(details: failureOf(code: "internal"))
    }
  }
}

extension LogginError.Kind {
  init(_ native: FailureClass) {
    self =
      switch native {
      case .alreadyUsed: .alreadyUsed
      case .authentication: .authentication
      case .blocked: .blocked
      case .closed: .closed
      case .connectionFailed: .connectionFailed
      case .denied: .denied
      case .expired: .expired
      case .invalidCode: .invalidCode
      case .invalidInput: .invalidInput
      case .phoneHidden: .phoneHidden
      case .quotaExceeded: .quotaExceeded
      case .rateLimit: .rateLimit
      case .server: .server
      case .verifyTimeout: .verifyTimeout
      }
  }
}

/// Runs a call of the native library, whose failures become errors of this package.
func translated<Value>(_ call: () throws -> Value) throws(LogginError) -> Value {
  do {
    return try call()
  } catch {
    throw LogginError(error)
  }
}
