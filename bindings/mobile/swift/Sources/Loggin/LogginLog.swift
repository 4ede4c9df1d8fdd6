// What all clients log.

internal import LogginNative

/// What all clients log: the way to their server, and nothing secret. It is silent unless somebody listens.
///
/// ```swift
/// LogginLog.listen { level, text in logger.log(level: level.osLogType, "\(text)") }
/// ```
public enum LogginLog {
  /// How much a line matters.
  public enum Level: Sendable {
    /// Each connection.
    case debug
    /// A server is reached again.
    case info
    /// A server is not reached, and why.
    case warn
    /// Something went wrong that should not.
    case error
  }

  /// Gives a closure what is logged from now on at this level and above, in place of an earlier one. It is called on
  /// a thread of its own, with a line after the other; a line holds no token, no code and no phone number.
  public static func listen(
    level: Level = .debug, _ listener: @escaping @Sendable (Level, String) -> Void
  ) {
    setLogListener(level: level.native, listener: Bridge(listener: listener))
  }

  /// Gives nobody anything any more.
  public static func silence() {
    setLogListener(level: .error, listener: nil)
  }

  private final class Bridge: LogListener {
    private let listener: @Sendable (Level, String) -> Void

    init(listener: @escaping @Sendable (Level, String) -> Void) {
      self.listener = listener
    }

    func log(level: LogLevel, text: String) {
      listener(Level(level), text)
    }
  }
}

extension LogginLog.Level {
  fileprivate var native: LogLevel {
    switch self {
    case .debug: .debug
    case .info: .info
    case .warn: .warn
    case .error: .error
    }
  }

  fileprivate init(_ native: LogLevel) {
    self =
      switch native {
      case .debug: .debug
      case .info: .info
      case .warn: .warn
      case .error: .error
      }
  }
}
