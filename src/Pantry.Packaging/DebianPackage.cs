using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Pantry.Packaging;

/// <summary>A Debian package, written without Debian's tools: an ar of two tars.</summary>
internal static class DebianPackage
{
    // What .NET loads when it runs; it comes with none of it.
    private const string Depends =
        "libc6 (>= 2.28), libgcc-s1, libstdc++6, libssl3 | libssl3t64 | libssl1.1, libicu72 | libicu76 | libicu74 | libicu70 | libicu67 | libicu78";

    private const string Maintainer = "The Pantry authors <authors@pantry.invalid>";

    private static readonly string[] Scripts = ["postinst", "prerm", "postrm"];

    public static void Write(
        Sources sources, string runtime, string directory, string program, IReadOnlyDictionary<string, string> completions, IReadOnlyList<PackageEntry> samples, string bill)
    {
        const string Doc = "usr/share/doc/pantry/";
        PackageEntry[] files =
        [
            PackageEntry.OfFile("usr/bin/pantry", program, isProgram: true),
            .. PackageEntry.OfDirectory(sources.PathOf("dist/systemd"), "lib/systemd/system/"),
            .. PackageEntry.OfDirectory(sources.PathOf("dist/sysusers.d"), "usr/lib/sysusers.d/"),
            .. PackageEntry.OfDirectory(sources.PathOf("dist/tmpfiles.d"), "usr/lib/tmpfiles.d/"),
            PackageEntry.OfText("usr/share/bash-completion/completions/pantry", completions["bash"]),
            PackageEntry.OfText("usr/share/zsh/vendor-completions/_pantry", completions["zsh"]),
            PackageEntry.OfText("usr/share/fish/vendor_completions.d/pantry.fish", completions["fish"]),
            PackageEntry.OfText($"{Doc}copyright", Copyright(sources)),
            PackageEntry.OfText($"{Doc}README.md", sources.Text("docs/installation.md")),
            PackageEntry.OfText($"{Doc}sbom.cdx.json", bill),
            PackageEntry.OfBytes($"{Doc}changelog.gz", Compressed(Changes(sources))),
            PackageEntry.OfText($"{Doc}CHANGELOG.md", sources.Text("CHANGELOG.md")),
            .. samples.Select(sample => sample with { Path = $"{Doc}examples/{sample.Path}" }),
        ];

        PackageEntry[] control =
        [
            PackageEntry.OfText("control", $"""
                Package: pantry
                Version: {sources.Version}
                Section: admin
                Priority: optional
                Architecture: {Architecture(runtime)}
                Maintainer: {Maintainer}
                Installed-Size: {files.Sum(Kibibytes)}
                Depends: {Depends}
                Recommends: systemd, ca-certificates
                Description: gives orders to many machines at once
                 A server sends orders to its clients over ZeroMQ; the clients do the work,
                 and one result comes back for each. Every client and every operator has a
                 key, and orders are signed.
                 .
                 This package has the server, the client and the operator's commands in one
                 program. It starts and enables neither service.

                """),
            PackageEntry.OfText("md5sums", string.Concat(PackageEntry.Sorted(files).Select(file => $"{Digest(file)}  {file.Path}\n"))),
            .. Scripts.Select(script => PackageEntry.OfText(script, sources.Text($"dist/debian/{script}"), isProgram: true)),
        ];

        using FileStream package = File.Create(Path.Combine(directory, NameOf(sources, runtime)));
        package.Write("!<arch>\n"u8);
        Member(package, "debian-binary", sources.Moment, "2.0\n"u8.ToArray());
        Member(package, "control.tar.gz", sources.Moment, Tar(control, sources.Moment));
        Member(package, "data.tar.gz", sources.Moment, Tar(files, sources.Moment));
    }

    public static string NameOf(Sources sources, string runtime) => $"pantry_{sources.Version}_{Architecture(runtime)}.deb";

    private static string Architecture(string runtime) => runtime == "linux-arm64" ? "arm64" : "amd64";

    private static void Member(FileStream package, string name, DateTimeOffset moment, byte[] content)
    {
        package.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name,-16}{moment.ToUnixTimeSeconds(),-12}{0,-6}{0,-6}{"100644",-8}{content.Length,-10}`\n")));
        package.Write(content);
        if (content.Length % 2 == 1)
            package.WriteByte((byte)'\n');
    }

    private static byte[] Tar(IEnumerable<PackageEntry> entries, DateTimeOffset moment)
    {
        var stream = new MemoryStream();
        Archives.WriteTarGz(stream, entries, moment, "./");
        return stream.ToArray();
    }

    private static byte[] Compressed(string text)
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.SmallestSize))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return stream.ToArray();
    }

    private static long Kibibytes(PackageEntry entry)
    {
        using Stream stream = entry.Open();
        return (stream.Length + 1023) / 1024;
    }

    // dpkg's own check against damage; trust comes from SHA256SUMS.
#pragma warning disable CA5351
    private static string Digest(PackageEntry entry)
    {
        using Stream stream = entry.Open();
        return Convert.ToHexStringLower(MD5.HashData(stream));
    }
#pragma warning restore CA5351

    private static string Changes(Sources sources) => string.Create(CultureInfo.InvariantCulture, $"""
        pantry ({sources.Version}) unstable; urgency=medium

          * See CHANGELOG.md.

         -- {Maintainer}  {sources.Moment:ddd, dd MMM yyyy HH:mm:ss} +0000

        """);

    private static string Copyright(Sources sources) => $"""
        Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
        Upstream-Name: Pantry

        Files: *
        Copyright: the Pantry authors
        License: Expat
        {string.Join('\n', sources.Text("LICENSE").TrimEnd().Split('\n').Select(line => line.Length == 0 ? " ." : " " + line))}

        """;
}
