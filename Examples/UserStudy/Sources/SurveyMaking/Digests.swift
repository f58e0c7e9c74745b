import Crypto
import Foundation
import SurveyModel

/// SHA-256 of a file, in hexadecimal digits, a piece at a time.
func sha256(ofFile path: String) throws -> String {
  guard let file = FileHandle(forReadingAtPath: path) else { throw SurveyError("cannot be read", path: path) }
  defer { try? file.close() }
  var hash = SHA256()
  while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
  return hexadecimal(hash.finalize())
}

/// As many random bytes in hexadecimal digits; not from a seed, which others may know.
func randomDigits(bytes count: Int) -> String {
  hexadecimal((0..<count).map { _ in UInt8.random(in: 0...255) })
}

/// Bytes as two hexadecimal digits each.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
