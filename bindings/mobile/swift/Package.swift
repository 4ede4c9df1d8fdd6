// swift-tools-version: 6.0
// The Swift package: `Sources/Loggin` by hand, over `LogginNative`, which `../generate swift` writes.
//
// An app takes the native library as an xcframework, which `build-xcframework` makes on a Mac. For development and
// tests, `LOGGIN_LIBRARY_FOLDER` names the folder of a library that cargo has built.
import PackageDescription

let libraryFolder = Context.environment["LOGGIN_LIBRARY_FOLDER"]

let native: Target = if libraryFolder == nil {
  .binaryTarget(name: "LogginNativeFFI", path: "LogginNativeFFI.xcframework")
} else {
  .systemLibrary(name: "LogginNativeFFI")
}

let package = Package(
  name: "Loggin",
  // From these on there is `Duration`.
  platforms: [.iOS(.v16), .macOS(.v13)],
  products: [.library(name: "Loggin", targets: ["Loggin"])],
  targets: [
    native,
    .target(
      name: "LogginNative",
      dependencies: ["LogginNativeFFI"],
      linkerSettings: libraryFolder.map { [.unsafeFlags(["-L\($0)", "-lloggin_mobile"])] } ?? []
    ),
    .target(name: "Loggin", dependencies: ["LogginNative"]),
    .testTarget(name: "LogginTests", dependencies: ["Loggin", "LogginNative"]),
  ],
  swiftLanguageModes: [.v6]
)
