public import Foundation

/// The data folder that `WHYFAKE_TEST_DATA` names, if it is set and there.
public let testData: URL? = ProcessInfo.processInfo.environment["WHYFAKE_TEST_DATA"].flatMap { path in
  FileManager.default.fileExists(atPath: path) ? URL(fileURLWithPath: path) : nil
}
