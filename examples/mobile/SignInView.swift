import Loggin
import SwiftUI

/// A button that opens WhatsApp, and what comes of it. `onToken` hands the token to the app's server.
struct SignInView: View {
  let loggin: Loggin
  let appKey: String
  let onToken: @MainActor (String) async -> Void

  // Saved with the scene: the system may end the app while WhatsApp is open.
  @SceneStorage("loggin.token") private var token: String?
  @State private var problem: String?

  var body: some View {
    VStack {
      Button(token == nil ? "Continue with WhatsApp" : "Waiting for your message", action: begin)
      if let problem {
        Text("That did not work (\(problem)). Please try again.")
      }
    }
    .followed(by: loggin)
    .task(id: token) {
      guard let token else { return }
      do {
        _ = try await loggin.waitForVerify(token)
        await onToken(token)
      } catch let error as LogginError {
        problem = error.code
      } catch {
        return
      }
      self.token = nil
    }
  }

  private func begin() {
    do {
      let login = try loggin.createToken(appKey)
      (token, problem) = (login.token, nil)
      Task { await login.openWhatsApp() }
    } catch {
      problem = error.code
    }
  }
}
