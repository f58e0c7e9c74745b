// swift-tools-version: 6.2
// The user study: `whyfake-survey create, serve, analyze`. A package of its own, so that nobody who depends on WhyFake
// builds a web server or a database.
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
  name: "UserStudy",
  platforms: [.macOS(.v14)],
  products: [.executable(name: "whyfake-survey", targets: ["WhyFakeSurvey"])],
  dependencies: [
    .package(name: "WhyFake", path: "../.."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-crypto", "3.0.0"..<"5.0.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.0.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.0.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.0.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.0.0"),
    .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
  ],
  targets: [
    // What a study is and what people answered; files, no network.
    .target(
      name: "SurveyModel",
      dependencies: [.product(name: "SwiftCSV", package: "SwiftCSV")],
      resources: [.embedInCode("Texts/en.json"), .embedInCode("Texts/it.json")], swiftSettings: settings),
    // From labelled videos to a study.
    .target(
      name: "SurveyMaking",
      dependencies: [
        "SurveyModel", .product(name: "VideoIO", package: "WhyFake"),
        .product(name: "Datasets", package: "WhyFake"), .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: settings),
    // The questionnaire on the web, and its database.
    .target(
      name: "SurveyServer",
      dependencies: [
        "SurveyModel", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Mustache", package: "swift-mustache"),
      ],
      resources: [.embedInCode("Pages")], swiftSettings: settings),
    // From answers to tables, figures and a page.
    .target(
      name: "SurveyAnalysis",
      dependencies: [
        "SurveyModel", .product(name: "Evaluation", package: "WhyFake"),
        .product(name: "Mustache", package: "swift-mustache"),
      ],
      resources: [.embedInCode("Report/report.mustache")], swiftSettings: settings),
    .executableTarget(
      name: "WhyFakeSurvey",
      dependencies: [
        "SurveyModel", "SurveyMaking", "SurveyServer", "SurveyAnalysis",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/whyfake-survey", swiftSettings: settings),

    .testTarget(name: "SurveyModelTests", dependencies: ["SurveyModel"], swiftSettings: settings),
    .testTarget(
      name: "SurveyMakingTests",
      dependencies: ["SurveyMaking", "SurveyModel", .product(name: "VideoIO", package: "WhyFake")],
      swiftSettings: settings),
    .testTarget(
      name: "SurveyServerTests",
      dependencies: [
        "SurveyServer", "SurveyModel", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTesting", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SurveyAnalysisTests", dependencies: ["SurveyAnalysis", "SurveyModel"], exclude: ["Golden"],
      swiftSettings: settings),
  ]
)
