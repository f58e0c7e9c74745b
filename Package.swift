// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
  name: "WhyFake",
  platforms: [.macOS(.v14)],
  products: [
    .library(name: "WhyFake", targets: ["WhyFake"]),
    .library(name: "Tensor", targets: ["Tensor"]),
    .library(name: "VideoIO", targets: ["VideoIO"]),
    .library(name: "FaceCrop", targets: ["FaceCrop"]),
    .library(name: "Detector", targets: ["Detector"]),
    .library(name: "Explainers", targets: ["Explainers"]),
    .library(name: "Metrics", targets: ["ExplanationMetrics"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .library(name: "Evaluation", targets: ["Evaluation"]),
    .library(name: "Training", targets: ["Training"]),
    .executable(name: "whyfake", targets: ["WhyFakeTool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    // C: kernels, and the doors to OpenBLAS and libav.
    .target(name: "CWhyFakeTensor", linkerSettings: [.linkedLibrary("openblas"), .linkedLibrary("m")]),
    .target(
      name: "CWhyFakeVideo",
      linkerSettings: [
        .linkedLibrary("avformat"), .linkedLibrary("avcodec"), .linkedLibrary("avutil"),
        .linkedLibrary("swscale"),
      ]),

    .target(name: "CWhyFakeExplainers", linkerSettings: [.linkedLibrary("m")]),
    .target(name: "CWhyFakeTraining", linkerSettings: [.linkedLibrary("m")]),

    // The libraries; imports go one way (Documentation/Architecture.md).
    .target(name: "Tensor", dependencies: ["CWhyFakeTensor"], swiftSettings: settings),
    .target(name: "VideoIO", dependencies: ["CWhyFakeVideo"], swiftSettings: settings),
    .target(
      name: "FaceCrop", dependencies: ["Tensor", "VideoIO"], resources: [.copy("Resources/Models")],
      swiftSettings: settings),
    .target(
      name: "Detector", dependencies: ["Tensor", "VideoIO"], resources: [.copy("Resources/Models")],
      swiftSettings: settings),
    .target(
      name: "Explainers",
      dependencies: ["CWhyFakeExplainers", "Tensor", "VideoIO", "FaceCrop", "Detector"],
      swiftSettings: settings),
    .target(
      name: "ExplanationMetrics",
      dependencies: ["Explainers", "Detector", "FaceCrop", "VideoIO", "Tensor"], path: "Sources/Metrics",
      swiftSettings: settings),
    // Detectors made and judged: nothing of the path from a video to reasons needs these.
    .target(name: "Datasets", dependencies: ["Tensor", "VideoIO", "FaceCrop"], swiftSettings: settings),
    .target(name: "Evaluation", dependencies: ["Tensor"], swiftSettings: settings),
    .target(
      name: "Training",
      dependencies: [
        "CWhyFakeTraining", "Tensor", "VideoIO", "FaceCrop", "Detector", "Datasets", "Evaluation",
      ],
      swiftSettings: settings),
    .target(
      name: "WhyFake", dependencies: ["Tensor", "VideoIO", "FaceCrop", "Detector", "Explainers"],
      swiftSettings: settings),

    // Published weights over the network; not a product, and nothing but the tool needs it.
    .target(name: "ModelFetch", dependencies: ["Detector", "Tensor"], swiftSettings: settings),

    // Programs on top.
    .executableTarget(
      name: "WhyFakeTool",
      dependencies: [
        "WhyFake", "Tensor", "VideoIO", "FaceCrop", "Detector", "Explainers", "ExplanationMetrics",
        "Datasets", "Evaluation", "Training", "ModelFetch",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Examples/whyfake", swiftSettings: settings),
    .executableTarget(
      name: "detect-in-20-lines", dependencies: ["WhyFake", "FaceCrop"], path: "Examples/detect-in-20-lines",
      swiftSettings: settings),
    .executableTarget(
      name: "mirror",
      dependencies: ["WhyFake", "Tensor", "VideoIO", "FaceCrop", "Detector", "Explainers"],
      path: "Examples/mirror", swiftSettings: settings),

    // Tests.
    .target(
      name: "TestSupport",
      dependencies: ["Tensor", "VideoIO", "FaceCrop", "Detector", "Explainers", "Datasets"],
      path: "Tests/TestSupport",
      swiftSettings: settings),
    .testTarget(
      name: "TensorTests", dependencies: ["CWhyFakeTensor", "Tensor", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "VideoIOTests", dependencies: ["VideoIO", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "FaceCropTests", dependencies: ["FaceCrop", "Tensor", "VideoIO", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "DetectorTests",
      dependencies: ["Detector", "Evaluation", "FaceCrop", "Tensor", "VideoIO", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ModelFetchTests", dependencies: ["ModelFetch", "Detector", "Tensor", "VideoIO", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ExplainersTests",
      dependencies: ["Explainers", "Detector", "FaceCrop", "Tensor", "VideoIO", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ExplanationMetricsTests",
      dependencies: [
        "ExplanationMetrics", "Explainers", "Detector", "FaceCrop", "VideoIO", "Tensor", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "Tensor", "VideoIO", "FaceCrop", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Training", "CWhyFakeTraining", "Datasets", "Evaluation", "Detector", "Tensor", "VideoIO",
        "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "EvaluationTests", dependencies: ["Evaluation", "Tensor", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "WhyFakeTests",
      dependencies: [
        "WhyFake", "Explainers", "Detector", "FaceCrop", "Tensor", "VideoIO", "Datasets", "Evaluation",
        "Training", "TestSupport", "WhyFakeTool", "detect-in-20-lines", "mirror",
      ],
      swiftSettings: settings),
  ]
)
