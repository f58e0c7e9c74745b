import Foundation

/// What counts as one client.
enum ClientNetwork {
  /// An address of IPv4 as it is; of IPv6 its network of 64 bits, since one customer has all of these.
  static func name(_ address: String) -> String {
    var bytes = [UInt8](repeating: 0, count: 16)
    guard inet_pton(AF_INET6, address, &bytes) == 1 else { return address }
    // An IPv4 address in IPv6's clothes counts as itself.
    let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
    return isMapped
      ? bytes[12...].map { String($0) }.joined(separator: ".")
      : bytes[..<8].map { String($0, radix: 16) }.joined(separator: ":")
  }
}
