import Foundation
import Tensor

/// The members of an uncompressed tar archive (POSIX ustar), found once and read where they lie.
struct TarShard: Sendable {
  /// Where a member's bytes are.
  struct Member: Sendable {
    let offset: Int
    let count: Int
  }

  let path: String
  /// By name.
  let members: [String: Member]

  /// Reads the headers; a header's checksum and sizes are checked before they are believed.
  init(_ path: String) throws(DatasetError) {
    self.path = path
    var members: [String: Member] = [:]
    do throws(FileProblem) {
      let file = try FileReader(path)
      var offset = 0
      while offset + 512 <= file.size {
        let header = try file.bytes(at: offset, count: 512)
        if header.allSatisfy({ $0 == 0 }) { break }
        guard let size = Self.octal(header[124..<136]), Self.isSound(header) else {
          throw FileProblem("is no tar archive, or damaged at byte \(offset); get it again")
        }
        let start = offset + 512
        guard size <= file.size - start else { throw FileProblem("is cut short; get it again") }
        let kind = header[156]
        if kind == 0 || kind == UInt8(ascii: "0") {
          let prefix = Self.text(header[345..<500])
          let name = Self.text(header[0..<100])
          members[prefix.isEmpty ? name : "\(prefix)/\(name)"] = Member(offset: start, count: size)
        }
        offset = start + (size + 511) / 512 * 512
      }
    } catch {
      throw DatasetError(.badShard, error.text, path: path)
    }
    self.members = members
  }

  /// The bytes of `member`.
  func bytes(of member: Member) throws(DatasetError) -> [UInt8] {
    do throws(FileProblem) {
      return try FileReader(path).bytes(at: member.offset, count: member.count)
    } catch {
      throw DatasetError(.badShard, error.text, path: path)
    }
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    Int(text(field).trimmingCharacters(in: .whitespaces), radix: 8).flatMap { $0 >= 0 ? $0 : nil }
  }

  /// Whether the header's checksum, taken with its own field as blanks, is right.
  private static func isSound(_ header: [UInt8]) -> Bool {
    let sum = header.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(header[$1])) }
    return octal(header[148..<156]) == sum
  }
}
