package import Detector
import Foundation
import Tensor

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Gets published weights into a folder, each whole and verified or not at all.
///
/// A connection that breaks is made again and the file continued, in this run or the next; only the version that was
/// begun is continued. What has come is checked against the SHA-256 of the record, or the one pinned when it was first
/// accepted, before it gets its name.
package struct ModelFetcher: Sendable {
  /// How far a fetch is.
  package enum Progress: Sendable, Equatable {
    /// So many bytes are there, of so many as far as that is known.
    case received(Int, of: Int?)
    /// The connection broke for this reason; it is made again after a pause.
    case waiting(String)
    /// All is there and is being verified.
    case verifying
  }

  /// Where to, from where, and how patiently.
  package struct Options: Sendable {
    /// The folder for the files.
    package var folder: String
    /// What takes the place of scheme and host of each address; the hashes must be right all the same.
    package var mirror: String?
    /// Whether a file of which no hash is known is accepted, and its hash pinned.
    package var acceptsUnverified = false
    /// The largest file that is taken, in bytes.
    package var limit = 4 << 30
    /// The number of attempts in a row that may bring nothing.
    package var attempts = 5
    /// The pause after so many attempts in a row that brought nothing; 0: the last one brought something.
    package var pause: @Sendable (Int) -> Duration = { .seconds(1 << min($0, 4)) }
    /// How long a server may be silent.
    package var patience = Duration.seconds(60)
    /// The bytes that a folder has room for; nil if that is not known.
    package var room: @Sendable (String) -> Int? = Options.freeBytes
    /// Is told how far it is, often and from any thread.
    package var progress: @Sendable (Progress) -> Void = { _ in }

    package init(folder: String) { self.folder = folder }

    private static let freeBytes: @Sendable (String) -> Int? = { folder in
      var status = statvfs()
      guard statvfs(folder, &status) == 0 else { return nil }
      let bytes = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
      return bytes.overflow ? nil : Int(clamping: bytes.partialValue)
    }
  }

  /// A file that is there.
  package struct Fetched: Sendable, Equatable {
    package var path: String
    package var sha256: String
    /// Whether it was there before, so that nothing was downloaded.
    package var wasThere: Bool
    /// Whether its hash was pinned just now, because no other is known.
    package var wasPinned: Bool
  }

  private let options: Options

  package init(_ options: Options) { self.options = options }

  /// Gets the file of `record`, unless it is there already.
  ///
  /// - Throws: ``FetchError``, or `CancellationError` where the task was cancelled.
  package func fetch(_ record: ModelRecord) throws -> Fetched {
    do {
      return try fetchFile(of: record)
    } catch var error as FetchError {
      error.model = record.name
      throw error
    }
  }

  private func fetchFile(of record: ModelRecord) throws -> Fetched {
    guard let url = record.url else {
      throw FetchError(.nothingToFetch, "it comes with this package; there is nothing to fetch")
    }
    let address = try FetchAddress(url, mirror: options.mirror)
    let expected = try record.sha256 ?? Pins(folder: options.folder).hash(of: record.name)
    let path = "\(options.folder)/\(record.fileName)"
    if let there = try present(record, path, address, expected) { return there }
    guard expected != nil || options.acceptsUnverified else {
      throw FetchError(
        .unverified,
        "its authors publish no hash to verify it by; --accept-unverified fetches it all the same and "
          + "pins the hash that is seen")
    }
    do {
      try FileManager.default.createDirectory(atPath: options.folder, withIntermediateDirectories: true)
    } catch {
      throw FetchError(.cannotWrite, "the folder \(options.folder) cannot be made")
    }
    let partial = try PartialFile(for: path)
    // Another process may have brought it between the look and the lock.
    if let there = try present(record, path, address, expected) {
      partial.remove()
      return there
    }
    do {
      try download(from: address, to: partial, isVerified: expected != nil)
      if partial.size == 0 {
        throw FetchError(.badAnswer, "the server sends an empty file: \(address.shown)")
      }
    } catch {
      if partial.size == 0 { partial.remove() }
      throw error
    }
    options.progress(.verifying)
    let bytes = partial.size
    let digest = try partial.digest()
    if let expected, digest != expected {
      partial.remove()
      throw FetchError(
        .mismatch,
        "what came has SHA-256 \(digest) and must have \(expected)\(record.sha256 == nil ? ", as pinned" : "")"
          + "; it was removed")
    }
    if expected == nil {
      try Pins(folder: options.folder).pin(
        record.name, Pins.Pin(sha256: digest, bytes: bytes, url: address.shown))
    }
    try partial.appear(as: path)
    return Fetched(path: path, sha256: digest, wasThere: false, wasPinned: expected == nil)
  }

  /// The file, if it is there and is what it must be. One that is something else will be replaced.
  private func present(
    _ record: ModelRecord, _ path: String, _ address: FetchAddress, _ expected: String?
  ) throws -> Fetched? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    options.progress(.verifying)
    let digest: String
    do {
      digest = try SHA256.digest(ofFile: path) { try Task.checkCancellation() }
    } catch let error where !(error is CancellationError) {
      throw FetchError(.cannotWrite, "\(path) is there and cannot be read; remove it")
    }
    if let expected {
      return digest == expected ? Fetched(path: path, sha256: digest, wasThere: true, wasPinned: false) : nil
    }
    guard options.acceptsUnverified else {
      throw FetchError(
        .unverified,
        "\(path) is there with SHA-256 \(digest), and no hash is known to verify it by; "
          + "--accept-unverified pins this one")
    }
    let bytes = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    try Pins(folder: options.folder).pin(
      record.name, Pins.Pin(sha256: digest, bytes: bytes, url: address.shown))
    return Fetched(path: path, sha256: digest, wasThere: true, wasPinned: true)
  }

  // MARK: Attempts

  /// Fills `partial` with the whole file, in as many attempts as bring something.
  private func download(from address: FetchAddress, to partial: PartialFile, isVerified: Bool) throws {
    var idle = 0
    var hasAnswered = false
    // Beginning anew is no progress until it gets further than ever before: else it could go on for ever.
    var most = partial.size
    while true {
      let reason: String
      do {
        return try attempt(address, partial, isVerified: isVerified, hasAnswered: &hasAnswered)
      } catch Setback.again(let text) {
        reason = text
      } catch Setback.anew(let text) {
        reason = text
        try partial.begin(nil)
      }
      idle = partial.size > most ? 0 : idle + 1
      most = max(most, partial.size)
      guard idle < options.attempts else {
        throw FetchError(
          .noConnection,
          "\(reason); \(idle) attempts in a row brought nothing, run it again later"
            + (partial.size > 0 ? ", what has come so far is kept" : ""))
      }
      options.progress(.waiting(reason))
      try wait(options.pause(idle))
    }
  }

  /// Asks for what is missing, following redirects.
  private func attempt(
    _ address: FetchAddress, _ partial: PartialFile, isVerified: Bool, hasAnswered: inout Bool
  ) throws {
    let note = partial.note
    // Without a version and without a hash, parts of two files could be joined unseen.
    let canResume = note.map { $0.url == address.shown && ($0.validator != nil || isVerified) } ?? false
    if !canResume || partial.size > note?.total ?? .max { try partial.begin(nil) }
    let offset = partial.size
    if offset > 0, offset == note?.total { return }
    let reception = Reception(
      partial, url: address.shown, offset: offset, isVerified: isVerified, options: options)
    var current = address
    for _ in 0..<10 {
      var request = URLRequest(url: current.url)
      request.setValue("whyfake", forHTTPHeaderField: "User-Agent")
      request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
      if offset > 0 {
        request.setValue("bytes=\(offset)-", forHTTPHeaderField: "Range")
        if let validator = note?.validator { request.setValue(validator, forHTTPHeaderField: "If-Range") }
      }
      let ending = try Transfer.run(request, to: reception, patience: options.patience)
      hasAnswered = hasAnswered || reception.hasBegun
      switch ending {
      case .complete: return try reception.finish()
      case .redirected(let location):
        hasAnswered = true
        current = try current.redirected(to: location)
      case .refused(let error): throw error
      case .silent: throw Setback.again("\(current.shown) has been silent for too long")
      case .broken(let code, let text):
        // A file that was announced whole and has come whole is whole, however the connection ended.
        if reception.isWhole { return }
        if !hasAnswered { try Self.refuse(code, text, current) }
        throw Setback.again("the connection to \(current.shown) broke (\(text))")
      }
    }
    throw FetchError(.badAnswer, "the server redirects more than ten times: \(address.shown)")
  }

  /// Throws where a server that never answered will not do so the next time either. An unknown error before any
  /// answer is, on Linux, a certificate that is not trusted or a proxy that refuses.
  private static func refuse(
    _ code: URLError.Code, _ text: String, _ address: FetchAddress
  ) throws(FetchError) {
    let final: [URLError.Code] = [
      .cannotFindHost, .cannotConnectToHost, .dnsLookupFailed, .notConnectedToInternet, .badURL,
      .unsupportedURL,
      .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
      .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid, .unknown,
    ]
    guard final.contains(code) else { return }
    throw FetchError(
      .noConnection, "cannot get \(address.shown): \(text); see to the network, https_proxy or WHYFAKE_MIRROR"
    )
  }

  private func wait(_ pause: Duration) throws {
    let end = ContinuousClock.now + pause
    while ContinuousClock.now < end {
      try Task.checkCancellation()
      Thread.sleep(forTimeInterval: min((end - ContinuousClock.now) / .seconds(1), 0.1))
    }
  }
}
