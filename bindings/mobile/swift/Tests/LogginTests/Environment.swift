// The real server with its simulator, on free ports, and the people with the phones.

import Foundation
import Loggin
import XCTest

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// The app that `loggin-server dev` has ready.
let demoApp = "8XKPQ2WN"

/// Nothing here takes this long unless it hangs.
let testTimeout = Duration.seconds(30)

/// The folder of the project, where the programs are built.
let workspace = URL(fileURLWithPath: ProcessInfo.processInfo.environment["LOGGIN_WORKSPACE"] ?? "../../..")

/// What a test's preparation ran into.
struct EnvironmentError: Error {
  let what: String
}

actor Environment {
  nonisolated let url: String
  private let simulator: String
  private let data: URL
  private let server: Process
  private var lastPhone = 918_000_000_000

  init() throws {
    data = FileManager.default.temporaryDirectory.appendingPathComponent("loggin-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
    let listen = ["--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0"]
    server = program(["dev", "--data", data.path] + listen)
    let output = Pipe()
    server.standardOutput = output
    try server.run()
    var text = ""
    func after(_ words: String) throws -> String {
      while true {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        if let line = lines.first(where: { $0.hasPrefix(words) }) {
          return line.dropFirst(words.count).trimmingCharacters(in: .whitespaces)
        }
        let more = output.fileHandleForReading.availableData
        if more.isEmpty { throw EnvironmentError(what: "the server did not start") }
        text += String(decoding: more, as: UTF8.self)
      }
    }
    url = try after("loggin-server listening on ")
    simulator = try after("phone simulator on ")
  }

  /// Ends the server, as a power cut does: begun by a thread of Dispatch, it does not react to other signals.
  func end() {
    kill(server.processIdentifier, SIGKILL)
    server.waitUntilExit()
    try? FileManager.default.removeItem(at: data)
  }

  nonisolated func client(appKey: String? = nil) throws -> Loggin {
    try Loggin(LogginConfig(baseURL: url, timeout: testTimeout, appKey: appKey))
  }

  /// Opens a login link on a phone of its own and taps Send; the phone's number.
  @discardableResult
  func tap(_ link: String) async throws -> String {
    lastPhone += 1
    let phone = "\(lastPhone)"
    try await control("phones", ["number": phone, "name": "Asha"])
    let opened = try await control("open-link", ["link": link, "phone": phone])
    try await control("phones/\(phone)/messages", ["text": opened["text"] as? String ?? ""])
    return phone
  }

  /// The code that a phone was sent as a text, to be typed where the login began.
  func code(on phone: String) async throws -> String {
    let text = try await reply(to: phone)
    guard let code = text.range(of: "[0-9]{6}", options: .regularExpression).map({ String(text[$0]) }) else {
      throw EnvironmentError(what: "the phone shows no code")
    }
    return code
  }

  /// The page that the link beside the code leads to, and what it brings there.
  func link(on phone: String) async throws -> (page: String, brought: String) {
    let text = try await reply(to: phone)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("https://") }),
      let mark = line.range(of: "#loggin=")
    else {
      throw EnvironmentError(what: "the phone shows no link")
    }
    return (String(line[..<mark.lowerBound]), String(line[mark.upperBound...]))
  }

  /// What a phone that has sent a message is sent back, once it is there.
  private func reply(to phone: String) async throws -> String {
    var seen = 0
    while true {
      let query = "after=\(seen)&timeout_ms=30000"
      let address = URL(string: "\(simulator)/control/phones/\(phone)/messages?\(query)")!
      let chat = try await send(URLRequest(url: address))
      let messages = chat["messages"] as? [[String: Any]] ?? []
      if let found = messages.first(where: { $0["from"] as? String == "business" }) {
        return found["text"] as? String ?? ""
      }
      guard let last = messages.last?["seq"] as? Int else {
        throw EnvironmentError(what: "the phone was sent nothing")
      }
      seen = last
    }
  }

  /// An app made with the server's command line: its app key and secret key.
  func createApp(_ options: String...) throws -> (appKey: String, secretKey: String) {
    let command = program(["app", "create", "--name", "Acme", "--json"] + options)
    command.environment?["LOGGIN_DATABASE_URL"] = "sqlite:\(data.path)/loggin.db"
    let output = Pipe()
    command.standardOutput = output
    try command.run()
    let app = try object(output.fileHandleForReading.readDataToEndOfFile())
    command.waitUntilExit()
    guard let appKey = app["app_key"] as? String, let secretKey = app["secret_key"] as? String else {
      throw EnvironmentError(what: "no app was made")
    }
    return (appKey, secretKey)
  }

  /// Redeems a token as the app's server does; the phone of who signed in.
  func redeem(_ token: String, _ secretKey: String) async throws -> String? {
    try await post("\(url)/api/v1/tokens/verify", ["token": token], secretKey)["phone"] as? String
  }

  @discardableResult
  private func control(_ path: String, _ body: [String: String]) async throws -> [String: Any] {
    try await post("\(simulator)/control/\(path)", body)
  }

  @discardableResult
  private func post(
    _ address: String, _ body: [String: String], _ secretKey: String? = nil
  ) async throws -> [String: Any] {
    var request = URLRequest(url: URL(string: address)!)
    request.httpMethod = "POST"
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    if let secretKey { request.setValue("Bearer \(secretKey)", forHTTPHeaderField: "Authorization") }
    request.httpBody = try JSONEncoder().encode(body)
    return try await send(request)
  }

  private func send(_ request: URLRequest) async throws -> [String: Any] {
    let (data, response) = try await URLSession.shared.data(for: request)
    guard (response as? HTTPURLResponse)?.statusCode == 200 else { throw EnvironmentError(what: "it was refused") }
    return try object(data)
  }
}

/// Runs a test with a server of its own.
func withEnvironment(_ body: (Environment) async throws -> Void) async throws {
  let environment = try Environment()
  do {
    try await body(environment)
  } catch {
    await environment.end()
    throw error
  }
  await environment.end()
}

/// What a wait that must not succeed ended with.
func failure<Value>(of call: () async throws -> Value) async -> LogginError? {
  do {
    _ = try await call()
    XCTFail("it succeeded")
    return nil
  } catch {
    XCTAssertTrue(error is LogginError, "\(error)")
    return error as? LogginError
  }
}

private func program(_ arguments: [String]) -> Process {
  let process = Process()
  process.executableURL = workspace.appendingPathComponent("target/debug/loggin-server")
  process.arguments = arguments
  process.environment = ["LOGGIN_LOG": "warn"].merging(ProcessInfo.processInfo.environment) { $1 }
  return process
}

private func object(_ data: Data) throws -> [String: Any] {
  guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
    throw EnvironmentError(what: "not an object")
  }
  return object
}
