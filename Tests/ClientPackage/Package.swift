// swift-tools-version: 6.2
import PackageDescription

// A program as a user would write it: it names the libraries one by one, and swift-metrics, whose module `Metrics`
// is in the graph of every server, beside our product of that name.
let package = Package(
  name: "ClientPackage",
  platforms: [.macOS(.v14)],
  dependencies: [
    .package(name: "WhyFake", path: "../.."),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
  ],
  targets: [
    .executableTarget(
      name: "Client",
      dependencies: [
        .product(name: "WhyFake", package: "WhyFake"),
        .product(name: "Tensor", package: "WhyFake"),
        .product(name: "VideoIO", package: "WhyFake"),
        .product(name: "FaceCrop", package: "WhyFake"),
        .product(name: "Detector", package: "WhyFake"),
        .product(name: "Explainers", package: "WhyFake"),
        .product(name: "Metrics", package: "WhyFake"),
        .product(name: "Metrics", package: "swift-metrics"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
