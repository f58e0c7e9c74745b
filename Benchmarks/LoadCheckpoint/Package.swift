// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "LoadCheckpoint",
  platforms: [.macOS(.v14)],
  dependencies: [.package(name: "WhyFake", path: "../..")],
  targets: [
    .executableTarget(name: "load-checkpoint", dependencies: [.product(name: "Detector", package: "WhyFake")])
  ]
)
