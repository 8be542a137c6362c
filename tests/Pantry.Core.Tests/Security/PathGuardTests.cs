using CsCheck;
using Pantry.Security;

namespace Pantry.Tests.Security;

public sealed class PathGuardTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pantry-test-").FullName;

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a/b.txt", "a/b.txt")]
    [InlineData("a\\b\\c", "a/b/c")]
    [InlineData("..a", "..a")]
    [InlineData(".hidden", ".hidden")]
    [InlineData("a..b", "a..b")]
    [InlineData("Küche/日本", "Küche/日本")]
    [InlineData("console", "console")]
    [InlineData("com10", "com10")]
    [InlineData("a b", "a b")]
    public void Plain_relative_names_are_taken(string name, string expected) => Assert.Equal(expected, PathGuard.Check(name));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/etc/passwd")]
    [InlineData("\\windows")]
    [InlineData("\\\\server\\share")]
    [InlineData("//server/share")]
    [InlineData("\\\\?\\C:\\a")]
    [InlineData("\\\\.\\pipe\\a")]
    [InlineData("C:")]
    [InlineData("C:a")]
    [InlineData("C:\\a")]
    [InlineData("c:/a")]
    [InlineData("file.txt:stream")]
    [InlineData("a/file::$DATA")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../a")]
    [InlineData("a/..")]
    [InlineData("a/../../b")]
    [InlineData("a\\..\\..\\b")]
    [InlineData("a/..\\b")]
    [InlineData("a/./b")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("a/.. /b")]
    [InlineData("a/.../b")]
    [InlineData("a.")]
    [InlineData("a ")]
    [InlineData(" a")]
    [InlineData("CON")]
    [InlineData("con.txt")]
    [InlineData("a/NUL")]
    [InlineData("a/nul.tar.gz/b")]
    [InlineData("aux .txt")]
    [InlineData("COM1")]
    [InlineData("lpt9.log")]
    [InlineData("COM¹")]
    [InlineData("CONIN$")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("a\u001b[31mb")]
    [InlineData("a\u0085b")]
    [InlineData("a\u2028b")]
    [InlineData("a*")]
    [InlineData("a?")]
    [InlineData("<a>")]
    [InlineData("a|b")]
    [InlineData("\"a\"")]
    public void What_is_dangerous_anywhere_is_refused_everywhere(string name)
    {
        PantryException error = Assert.Throws<PantryException>(() => PathGuard.Check(name));
        Assert.Equal(PantryErrorCode.InvalidName, error.Code);
        Assert.DoesNotContain(error.Message, char.IsControl);
        Assert.Equal(PantryErrorCode.InvalidName, Assert.Throws<PantryException>(() => PathGuard.Resolve(_folder, name)).Code);
    }

    [Fact]
    public void Names_that_are_too_long_or_no_Unicode_are_refused()
    {
        Assert.Equal(1023, PathGuard.Check(string.Join('/', Enumerable.Repeat("abc", 256))).Length);
        foreach (string name in (string[])[string.Join('/', Enumerable.Repeat("abcd", 256)), new string('a', 256), new string('é', 128), "a\ud800", "\udc00a"])
            Assert.Throws<PantryException>(() => PathGuard.Check(name));
        Assert.Equal(127, PathGuard.Check(new string('é', 127)).Length);
    }

    [Fact]
    public void A_name_is_under_its_root_whether_it_is_there_or_not()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "a"));
        File.WriteAllText(Path.Combine(_folder, "a", "b"), "");

        Assert.Equal(Path.Combine(_folder, "a", "b"), PathGuard.Resolve(_folder, "a\\b"));
        Assert.Equal(Path.Combine(_folder, "a", "c", "d"), PathGuard.Resolve(_folder + Path.DirectorySeparatorChar, "a/c/d"));
        // Below a file there is nothing, and no link either.
        Assert.Equal(Path.Combine(_folder, "a", "b", "c"), PathGuard.Resolve(_folder, "a/b/c"));
    }

    [Theory]
    [InlineData("link")]
    [InlineData("link/b")]
    [InlineData("a/link")]
    [InlineData("dangling")]
    public void A_link_on_the_way_is_refused(string name)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "a"));
        Directory.CreateSymbolicLink(Path.Combine(_folder, "link"), Path.GetTempPath());
        File.CreateSymbolicLink(Path.Combine(_folder, "a", "link"), Path.Combine(_folder, "a", "x"));
        File.CreateSymbolicLink(Path.Combine(_folder, "dangling"), Path.Combine(_folder, "none", "x"));

        Assert.Equal(PantryErrorCode.InsecureFile, Assert.Throws<PantryException>(() => PathGuard.Resolve(_folder, name)).Code);
    }

    [Fact]
    public void Whatever_is_taken_stays_under_the_root() => HostileNames.Sample(name =>
    {
        try
        {
            string resolved = PathGuard.Resolve(_folder, name);
            Assert.StartsWith(_folder + Path.DirectorySeparatorChar, Path.GetFullPath(resolved), StringComparison.Ordinal);
            Assert.Equal(resolved, Path.GetFullPath(resolved));
            Assert.Equal(PathGuard.Check(name), PathGuard.Check(PathGuard.Check(name)));
        }
        catch (PantryException)
        {
            // Refused, with a reason.
        }
    }, iter: Fuzz.Iterations);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Gen<string> HostileNames { get; } = Gen.OneOf(
        Gen.String,
        Gen.Int[0, 15].Select(i => ((string[])["..", ".", "/", "\\", "a", "b.txt", ":", "C:", "nul", " ", "~", "\0", "%2e", "．．", "$DATA", "é"])[i])
            .Array[1, 8].Select(string.Concat));
}
