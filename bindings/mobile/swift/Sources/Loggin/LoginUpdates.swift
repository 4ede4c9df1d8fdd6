// A login that is watched: how far it has come, and in the end who signed in.

internal import LogginNative

/// What is new about a watched login.
public enum LoginUpdate: Sendable, Hashable {
  /// WhatsApp handed over the message.
  case messageReceived
  /// The person was asked to type a code where the login began.
  case awaitingConfirmation
  /// The person was asked to choose these two digits in WhatsApp: show them where the login began.
  case awaitingMatch(String)
  /// A step that this version does not know, from a newer server: its name in the protocol.
  case unrecognized(String)
  /// The person has signed in: the last update.
  case verified(Session)

  init(_ native: LogginNative.Update) {
    self =
      switch native {
      case .messageReceived: .messageReceived
      case .awaitingConfirmation: .awaitingConfirmation
      case .awaitingMatch(let digits): .awaitingMatch(digits)
      case .unrecognized(let status): .unrecognized(status)
      case .verified(let session): .verified(Session(session))
      }
  }
}

/// The updates of one login: each step at most once, then who signed in, then the end.
///
/// Every iteration is a wait of its own. It throws a `LogginError` where the login ends otherwise, and
/// `CancellationError` where its task is cancelled.
public struct LoginUpdates: AsyncSequence, Sendable {
  public typealias Element = LoginUpdate

  private let begin: @Sendable () -> Watch

  init(begin: @escaping @Sendable () -> Watch) {
    self.begin = begin
  }

  public func makeAsyncIterator() -> Iterator {
    Iterator(watch: begin())
  }

  /// One wait. Letting go of it ends it.
  public struct Iterator: AsyncIteratorProtocol {
    private let watch: Watch
    private var isOver = false

    init(watch: Watch) {
      self.watch = watch
    }

    public mutating func next() async throws -> LoginUpdate? {
      if isOver { return nil }
      do {
        let update = LoginUpdate(try await nextUpdate(of: watch))
        if case .verified = update { isOver = true }
        return update
      } catch {
        isOver = true
        try Task.checkCancellation()
        throw LogginError(error)
      }
    }
  }
}

private func nextUpdate(of watch: Watch) async throws -> LogginNative.Update {
  try await withTaskCancellationHandler {
    try await watch.next()
  } onCancel: {
    watch.cancel()
  }
}
