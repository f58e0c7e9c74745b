public import Foundation

/// The files of an uncompressed tar archive (ustar, short names): enough for the shards of test data.
public struct TarArchive: Sequence, IteratorProtocol {
  private let bytes: Data
  private var offset = 0

  /// Maps the archive at `url` into memory.
  public init(_ url: URL) throws { bytes = try Data(contentsOf: url, options: .alwaysMapped) }

  /// The next regular file; nil at the end.
  public mutating func next() -> (name: String, content: [UInt8])? {
    while offset + 512 <= bytes.count {
      let header = bytes[offset..<offset + 512]
      func field(_ range: Range<Int>) -> String {
        let field = header[header.startIndex + range.lowerBound..<header.startIndex + range.upperBound]
        return String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
          .trimmingCharacters(in: .whitespaces)
      }
      let name = field(0..<100)
      guard !name.isEmpty, let size = Int(field(124..<136), radix: 8) else { return nil }
      let start = offset + 512
      offset = start + (size + 511) / 512 * 512
      if ["0", ""].contains(field(156..<157)), start + size <= bytes.count {
        return (name, [UInt8](bytes[start..<start + size]))
      }
    }
    return nil
  }
}
