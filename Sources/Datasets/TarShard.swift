import Foundation
import Tensor

/// The members of an uncompressed tar archive (POSIX ustar; long names as GNU's and POSIX's `tar` write them), found once
/// and read where they lie. The file stays open; any number of threads may read at once.
final class TarShard: Sendable {
  /// Where a member's bytes are.
  struct Member: Sendable {
    let offset: Int
    let count: Int
  }

  let path: String
  /// By name, without a leading `./`.
  let members: [String: Member]
  private let file: FileReader

  /// More than any name is long: a header that asks for more is damaged.
  private static let longestName = 1 << 16

  /// Reads the headers; a header's checksum and sizes are checked before they are believed.
  init(_ path: String) throws(DatasetError) {
    self.path = path
    do throws(FileProblem) {
      file = try FileReader(path)
      members = try Self.members(of: file)
    } catch {
      throw DatasetError(.badShard, error.text, path: path)
    }
  }

  /// The bytes of `member`.
  func bytes(of member: Member) throws(DatasetError) -> [UInt8] {
    do throws(FileProblem) {
      return try file.bytes(at: member.offset, count: member.count)
    } catch {
      throw DatasetError(.badShard, error.text, path: path)
    }
  }

  private static func members(of file: borrowing FileReader) throws(FileProblem) -> [String: Member] {
    var members: [String: Member] = [:]
    var offset = 0
    // What an extended header says of the member after it.
    var (longName, longSize): (String?, Int?) = (nil, nil)
    while offset + 512 <= file.size {
      let header = try file.bytes(at: offset, count: 512)
      if header.allSatisfy({ $0 == 0 }) { break }
      guard let own = octal(header[124..<136]), isSound(header) else {
        throw FileProblem("is no tar archive, or damaged at byte \(offset); get it again")
      }
      let kind = header[156]
      let isExtension = kind == UInt8(ascii: "L") || kind == UInt8(ascii: "x")
      let size = isExtension ? own : longSize ?? own
      let start = offset + 512
      guard size <= file.size - start else { throw FileProblem("is cut short; get it again") }
      if isExtension {
        guard size <= longestName else {
          throw FileProblem("has a header of \(size) bytes at byte \(offset); get it again")
        }
        let content = try file.bytes(at: start, count: size)
        if kind == UInt8(ascii: "L") {
          longName = text(content[...])
        } else {
          let attributes = attributes(content)
          longName = attributes["path"] ?? longName
          if let text = attributes["size"] {
            guard let number = Int(text), number >= 0 else {
              throw FileProblem("is damaged at byte \(offset); get it again")
            }
            longSize = number
          }
        }
      } else {
        if kind == 0 || kind == UInt8(ascii: "0") {
          let prefix = text(header[345..<500])
          let short = text(header[0..<100])
          var name = longName ?? (prefix.isEmpty ? short : "\(prefix)/\(short)")
          while name.hasPrefix("./") { name.removeFirst(2) }
          guard members.updateValue(Member(offset: start, count: size), forKey: name) == nil else {
            throw FileProblem("has \(quoted(name)) twice")
          }
        }
        // Attributes for all members ('g') say nothing that is needed.
        if kind != UInt8(ascii: "g") { (longName, longSize) = (nil, nil) }
      }
      offset = start + (size + 511) / 512 * 512
    }
    return members
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = text(field).trimmingCharacters(in: .whitespaces)
    return digits.utf8.allSatisfy { (48..<56).contains($0) } ? Int(digits, radix: 8) : nil
  }

  /// Whether the header's checksum, taken with its own field as blanks, is right.
  private static func isSound(_ header: [UInt8]) -> Bool {
    let sum = header.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(header[$1])) }
    return octal(header[148..<156]) == sum
  }

  /// The records `<length> <key>=<value>\n` of an extended header; what is not one ends them.
  private static func attributes(_ content: [UInt8]) -> [String: String] {
    var attributes: [String: String] = [:]
    var rest = content[...]
    while let space = rest.firstIndex(of: 32), let length = Int(text(rest[..<space])),
      length > space - rest.startIndex + 1, length <= rest.count
    {
      let record = rest[(space + 1)..<(rest.startIndex + length)]
      if let equals = record.firstIndex(of: UInt8(ascii: "=")), record.last == 10 {
        attributes[text(record[..<equals])] = text(record[(equals + 1)...].dropLast())
      }
      rest = rest[(rest.startIndex + length)...]
    }
    return attributes
  }
}
