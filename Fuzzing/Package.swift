// swift-tools-version: 6.2
// Coverage-guided fuzzing of everything that reads weights. A package of its own: it is built with sanitizers, by
// Scripts/fuzz.sh.
import PackageDescription

let package = Package(
  name: "Fuzzing",
  platforms: [.macOS(.v14)],
  dependencies: [.package(name: "WhyFake", path: "..")],
  targets: [
    // C: what is allocated while a file is read.
    .target(name: "CFuzzing"),
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "CFuzzing", .product(name: "Detector", package: "WhyFake"),
        .product(name: "Tensor", package: "WhyFake"),
      ],
      swiftSettings: [
        .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
      ]),
  ]
)
