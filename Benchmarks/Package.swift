// swift-tools-version: 6.2
// Our side of the comparison with other engines (compare.py runs both). A package of its own: nobody who depends on
// WhyFake builds it.
import PackageDescription

let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v14)],
  dependencies: [
    .package(name: "WhyFake", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
  ],
  targets: [
    // C: what the machine can do at most.
    .target(name: "CMachine"),
    .executableTarget(
      name: "benchmark",
      dependencies: [
        "CMachine", .product(name: "Tensor", package: "WhyFake"),
        .product(name: "VideoIO", package: "WhyFake"),
        .product(name: "FaceCrop", package: "WhyFake"), .product(name: "Detector", package: "WhyFake"),
        .product(name: "Explainers", package: "WhyFake"),
        .product(name: "Datasets", package: "WhyFake"), .product(name: "Training", package: "WhyFake"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [
        .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
      ]),
  ]
)
