import Detector
import Foundation
import TestSupport
import Testing

@testable import ModelFetch

@Suite("Addresses")
struct AddressTests {
  @Test("only https is asked, and plain http on this machine itself")
  func schemes() throws {
    for good in [
      "https://example.org/a", "http://127.0.0.1:80/a", "http://localhost/a", "http://[::1]:8080/a",
      "HTTPS://x.y/a",
    ] {
      _ = try FetchAddress(good)
    }
    for bad in [
      "http://example.org/a", "ftp://example.org/a", "file:///etc/passwd", "http://127.example.org/a",
      "http://localhost.example.org/a", "http://127.0.0.256/a", "example.org/a", "", "https://", "http:///a",
    ] {
      #expect(throws: FetchError.self, "\(bad)") { try FetchAddress(bad) }
    }
  }

  @Test("a redirect from https leads to https, never to this machine")
  func redirects() throws {
    let start = try FetchAddress("https://example.org/a/b")
    #expect(try start.redirected(to: "/c").url.absoluteString == "https://example.org/c")
    #expect(try start.redirected(to: "https://other.org/c?x=1").url.host == "other.org")
    for bad in ["http://example.org/c", "http://127.0.0.1/c", "http://localhost/c", "ftp://a/b", "https://"] {
      #expect(throws: FetchError.self, "\(bad)") { try start.redirected(to: bad) }
    }
    let local = try FetchAddress("http://localhost:99/a").redirected(to: "https://example.org/b")
    #expect(throws: FetchError.self) { try local.redirected(to: "http://127.0.0.1/c") }
  }

  @Test("a mirror takes the place of scheme and host, and its path comes before the file's")
  func mirrors() throws {
    func url(_ mirror: String) throws -> String {
      try FetchAddress("https://f002.example.com/file/a b.pth".replacing(" ", with: "%20"), mirror: mirror)
        .url
        .absoluteString
    }
    #expect(try url("http://127.0.0.1:8000/") == "http://127.0.0.1:8000/file/a%20b.pth")
    #expect(try url("https://mirror.org") == "https://mirror.org/file/a%20b.pth")
    #expect(try url("https://mirror.org/models/") == "https://mirror.org/models/file/a%20b.pth")
    #expect(throws: FetchError.self) { try url("http://mirror.org/") }
    #expect(throws: FetchError.self) { try url("mirror.org") }
  }

  @Test("no message shows a password or a query")
  func secrets() throws {
    let address = try FetchAddress("https://u:secret@example.org/a?key=secret#secret")
    #expect(address.shown == "https://example.org/a")
    let error = #expect(throws: FetchError.self) {
      try FetchAddress("http://u:secret@example.org/a?key=secret")
    }
    #expect(error?.message.contains("secret") == false)
  }

  @Test("every published model has an address of https, a file of its own and, if any, a whole hash")
  func records() throws {
    var files: Set<String> = []
    for record in ModelZoo.records where !record.isShipped {
      let address = try FetchAddress(#require(record.url))
      #expect(address.url.scheme == "https" && address.url.lastPathComponent == record.fileName)
      #expect(files.insert(record.fileName).inserted && !record.fileName.contains("/"))
      if let hash = record.sha256 { #expect(hash.wholeMatch(of: /[0-9a-f]{64}/) != nil) }
    }
    #expect(files.count == 17)
  }
}
