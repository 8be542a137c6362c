using System.Formats.Tar;
using System.IO.Compression;

namespace Pantry.Packaging;

/// <summary>Archives whose bytes follow from their entries: one order, one moment, one owner.</summary>
internal static class Archives
{
    public static void WriteZip(string file, IEnumerable<PackageEntry> entries, DateTimeOffset moment)
    {
        using FileStream stream = File.Create(file);
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create);
        foreach (PackageEntry entry in PackageEntry.Sorted(entries))
        {
            ZipArchiveEntry written = zip.CreateEntry(entry.Path, CompressionLevel.SmallestSize);
            written.LastWriteTime = moment;
            written.ExternalAttributes = (0x8000 | (int)entry.Mode) << 16;
            using Stream from = entry.Open();
            using Stream to = written.Open();
            from.CopyTo(to);
        }
    }

    /// <summary>A tar with directories before what is in them, compressed with gzip.</summary>
    /// <param name="stream">Where it goes; stays open.</param>
    /// <param name="entries">The files.</param>
    /// <param name="moment">The moment of all entries.</param>
    /// <param name="prefix">Before each path, such as <c>./</c>, which is an entry itself.</param>
    public static void WriteTarGz(Stream stream, IEnumerable<PackageEntry> entries, DateTimeOffset moment, string prefix)
    {
        using var gzip = new GZipStream(stream, CompressionLevel.SmallestSize, leaveOpen: true);
        using var tar = new TarWriter(gzip, TarEntryFormat.Ustar);
        var made = new HashSet<string>(StringComparer.Ordinal);
        foreach (PackageEntry entry in PackageEntry.Sorted(entries))
        {
            string path = prefix + entry.Path;
            for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
            {
                if (made.Add(path[..slash]))
                    Write(tar, new UstarTarEntry(TarEntryType.Directory, path[..(slash + 1)]) { Mode = PackageEntry.ProgramMode }, moment);
            }

            using Stream content = entry.Open();
            Write(tar, new UstarTarEntry(TarEntryType.RegularFile, path) { Mode = entry.Mode, DataStream = content }, moment);
        }
    }

    private static void Write(TarWriter tar, UstarTarEntry entry, DateTimeOffset moment)
    {
        entry.ModificationTime = moment;
        (entry.Uid, entry.Gid, entry.UserName, entry.GroupName) = (0, 0, "root", "root");
        tar.WriteEntry(entry);
    }
}
