// The options of a client, a new login, and who signed in.

import Foundation
internal import LogginNative

/// The options of a client.
public struct LogginConfig: Sendable, CustomStringConvertible, CustomReflectable {
  /// The server: https, or on this machine. By default the local one that `loggin-server dev` starts.
  public var baseURL: String?
  /// The number that links open a chat with. Without it links go through the server, which knows its number.
  public var whatsappNumber: String?
  /// How long a wait lasts unless it says otherwise; 300 seconds by default.
  public var timeout: Duration?
  /// Allows `http:` to another machine, for development: tokens then cross the network readable.
  public var allowInsecureHTTP: Bool
  private let secretKey: String?
  /// The app whose logins are waited for: tokens of others are `unknown_app`. By default those of any app.
  public var appKey: String?
  /// Certificates, PEM, whose issuers are trusted beside the others: those of a company, or of your own server.
  public var caPem: String?

  /// A `secretKey` is always refused: it belongs to your server, as whoever takes the app apart would have it. The
  /// option is here so that a key copied from elsewhere is an error that says so.
  public init(
    baseURL: String? = nil,
    whatsappNumber: String? = nil,
    timeout: Duration? = nil,
    allowInsecureHTTP: Bool = false,
    secretKey: String? = nil,
    appKey: String? = nil,
    caPem: String? = nil
  ) {
    self.baseURL = baseURL
    self.whatsappNumber = whatsappNumber
    self.timeout = timeout
    self.allowInsecureHTTP = allowInsecureHTTP
    self.secretKey = secretKey
    self.appKey = appKey
    self.caPem = caPem
  }

  func makeClient() throws -> Client {
    try Client(
      baseUrl: baseURL,
      secretKey: secretKey,
      appKey: appKey,
      whatsappNumber: whatsappNumber,
      timeout: timeout?.seconds,
      allowInsecureHttp: allowInsecureHTTP,
      caPem: caPem
    )
  }

  public var description: String { "LogginConfig(baseURL: \(baseURL ?? "default"))" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A new login. Printing it shows neither the token nor the code.
public struct CreatedToken: Sendable, CustomStringConvertible, CustomReflectable {
  /// The secret that redeems the login: keep it, hand it to your server, show it to nobody.
  public let token: String
  /// Opens WhatsApp with the message written. It holds the code, not the token.
  public let link: String
  /// The public half, which the message carries.
  public let code: String

  init(_ native: LogginNative.CreatedToken) {
    (token, link, code) = (native.token(), native.link(), native.code())
  }

  /// The link, for `openURL`. A link of this package is a URL always.
  public var whatsappURL: URL? { URL(string: link) }

  /// The link as a QR code, SVG, for a person whose WhatsApp is on another device.
  public func qrSVG() throws(LogginError) -> String {
    try translated { try LogginNative.qrSvg(link: link) }
  }

  public var description: String { "CreatedToken(appKey: \(code.prefix { $0 != "-" }))" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Who signed in, as this device is told: your server decides. Printing it shows neither the phone number nor the subject.
public struct Session: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  /// The app that the person signed in to.
  public let appKey: String
  /// The phone number, digits with country code and without `+`; nil where the person hides it, or the app shows it to
  /// its server only.
  public let phone: String?
  /// The business-scoped WhatsApp user id, where WhatsApp told it.
  public let userID: String?
  /// The person at this app, whatever becomes of number and user id: the key of your table of users.
  public let subject: String
  /// What the person did to confirm the login: `none`, `reply`, `match` or `code`.
  public let confirmation: String
  /// `normal`, or `changed` at the first login after the number, or who owns it, became another one. The list is open: a
  /// newer server may tell more.
  public let assurance: String
  /// When the message arrived at the server, or the login was confirmed.
  public let verifiedAt: Date

  init(_ native: LogginNative.Session) {
    (appKey, phone, userID) = (native.appKey(), native.phone(), native.userId())
    (subject, confirmation) = (native.subject(), native.confirmation())
    (assurance, verifiedAt) = (native.assurance(), native.verifiedAt())
  }

  public var description: String { "Session(appKey: \(appKey), verifiedAt: \(verifiedAt))" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// How a client stands to its server. It holds nothing secret and may be logged.
public struct ClientState: Sendable, Hashable {
  /// Whether an event stream is ready. A client that nothing waits for has none, and is not connected.
  public let isConnected: Bool
  /// Since when it is connected or, with a cause, since when the server has not been reached.
  public let since: Date?
  /// Why the server was not reached the last time, as `LogginError.cause`; nil once it was.
  public let cause: String?

  init(_ native: LogginNative.ClientState) {
    (isConnected, since, cause) = (native.isConnected, native.since, native.cause)
  }
}

extension Duration {
  /// Below zero too: what that means, the core says.
  var seconds: TimeInterval {
    let (seconds, attoseconds) = components
    return TimeInterval(seconds) + TimeInterval(attoseconds) * 1e-18
  }
}
