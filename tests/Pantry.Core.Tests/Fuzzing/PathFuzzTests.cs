using System.Text;
using Pantry.Security;

namespace Pantry.Tests.Fuzzing;

/// <summary>Names from outside: what the path guard takes means the same place under the root on Linux and on Windows.</summary>
[Collection(nameof(FuzzRun))]
public sealed class PathFuzzTests
{
    private static readonly string[] Names =
    [
        "a/b.txt", "cookbooks\\web\\recipes\\default.rb", "../../etc/passwd", "..\\..\\Windows\\System32", "C:\\Windows", "c:evil", "\\\\server\\share\\x", "//server/share",
        "\\\\?\\C:\\x", "\\\\.\\PhysicalDrive0", "nul", "COM1.txt", "aux .log", "lpt\u00b9", "file.txt:stream", "file::$DATA", "a/./b", "a//b", "a/ b", "a. /b", "dots...", "～/x",
        "%2e%2e/x", "．．/x", "a\u2215..\u2215b", "é/日本", "CONIN$", "~root", "/absolute", "PROGRA~1",
    ];

    [Fact]
    public void What_is_taken_stays_under_the_root_by_the_rules_of_Linux_and_of_Windows() => FuzzRun.Run(
        (damaged, random) =>
        {
            string name = random.Next(2) == 0 ? Encoding.UTF8.GetString(damaged) : Encoding.UTF8.GetString(damaged) + Names[random.Next(Names.Length)];
            string taken;
            try
            {
                taken = PathGuard.Check(name);
            }
            catch (PantryException)
            {
                // Most of the good ones are refused, too: what is good here is to be judged.
                return true;
            }

            Assert.Equal(taken, PathGuard.Check(taken));
            string[] parts = taken.Split('/');
            Assert.Equal("/root/" + taken, OnLinux("/root", taken));
            Assert.Equal("C:\\root\\" + string.Join('\\', parts), OnWindows("C:\\root", taken));
            Assert.DoesNotContain(parts, IsDevice);
            return true;
        },
        [.. Names.Select(Encoding.UTF8.GetBytes)]);

    /// <summary>As Linux finds it: only slashes separate, and an absolute name begins anew.</summary>
    private static string OnLinux(string root, string name)
    {
        Assert.DoesNotContain('\0', name);
        return Walk(name.StartsWith('/') ? "" : root, name.Split('/'), '/');
    }

    /// <summary>As Windows finds it: both slashes separate, a drive or two slashes begin anew, dots and spaces at an end do not count.</summary>
    private static string OnWindows(string root, string name)
    {
        Assert.DoesNotContain(name, character => character < ' ' || "<>:\"|?*".Contains(character, StringComparison.Ordinal));
        return Walk(name.StartsWith('/') || name.StartsWith('\\') ? "" : root, [.. name.Split('/', '\\').Select(part => part is "." or ".." ? part : part.TrimEnd('.', ' '))], '\\');
    }

    private static string Walk(string root, string[] parts, char separator)
    {
        var path = new List<string>(root.Split(separator));
        foreach (string part in parts)
        {
            if (part == ".." && path.Count > 1)
                path.RemoveAt(path.Count - 1);
            else if (part is not ("" or "." or ".."))
                path.Add(part);
        }

        return string.Join(separator, path);
    }

    private static bool IsDevice(string part)
    {
        string stem = part.Split('.', ':')[0].TrimEnd(' ').ToUpperInvariant();
        return stem is "CON" or "PRN" or "AUX" or "NUL" or "CONIN$" or "CONOUT$"
            || (stem.Length == 4 && stem[..3] is "COM" or "LPT" && "123456789\u00b9\u00b2\u00b3".Contains(stem[3], StringComparison.Ordinal));
    }
}
