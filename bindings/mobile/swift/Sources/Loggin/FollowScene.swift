// Has a client follow what the device does to an app: its scene and its network.

#if canImport(Network)
  import Dispatch
  @preconcurrency import Network

  extension Loggin {
    /// Connects anew whenever the device's network changes, until the task is cancelled.
    ///
    /// For an app without SwiftUI, whose scene delegate calls `onBackground` and `onForeground`; a view has
    /// `followed(by:)`. Cancel it while the app is in the background.
    @MainActor
    public func followNetwork() async {
      var known: NWPath?
      for await path in networkPaths() {
        // The first one is where the device is.
        if let known, path != known, path.status == .satisfied, !Task.isCancelled {
          onForeground()
        }
        known = path
      }
    }
  }

  private func networkPaths() -> AsyncStream<NWPath> {
    AsyncStream { continuation in
      let monitor = NWPathMonitor()
      monitor.pathUpdateHandler = { continuation.yield($0) }
      continuation.onTermination = { _ in monitor.cancel() }
      monitor.start(queue: DispatchQueue(label: "loggin.network"))
    }
  }
#endif

#if canImport(Network) && canImport(SwiftUI)
  import SwiftUI

  extension View {
    /// Has the client follow this view's scene: it hangs up in the background, and connects anew when the scene is active
    /// again and when the device's network changes. Waits go on meanwhile.
    public func followed(by loggin: Loggin) -> some View {
      modifier(SceneFollower(loggin: loggin))
    }
  }

  private struct SceneFollower: ViewModifier {
    let loggin: Loggin
    @Environment(\.scenePhase) private var scenePhase

    func body(content: Content) -> some View {
      content
        .onChange(of: scenePhase) { phase in
          switch phase {
          case .background: loggin.onBackground()
          case .active: loggin.onForeground()
          default: break
          }
        }
        .task(id: scenePhase == .background) {
          if scenePhase != .background { await loggin.followNetwork() }
        }
    }
  }
#endif
