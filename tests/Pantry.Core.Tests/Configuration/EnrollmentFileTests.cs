using Pantry.Configuration;

namespace Pantry.Tests.Configuration;

public sealed class EnrollmentFileTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("pantry-test-").FullName;

    [Fact]
    public void An_enrolment_comes_back_as_it_was_saved_and_is_its_owners_alone()
    {
        EnrollmentFile.Save(File, Sample);

        Enrollment loaded = EnrollmentFile.Load(File, Now);

        Assert.Equal(Sample with { Roles = loaded.Roles }, loaded);
        Assert.Equal(Sample.Roles, loaded.Roles);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_file_that_others_can_read_is_refused_with_the_cure()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "File modes are POSIX's.");
        EnrollmentFile.Save(File, Sample);
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        PantryException error = LoadError();

        Assert.Equal(PantryErrorCode.InsecureFile, error.Code);
        Assert.Contains("chmod 600", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_is_refused()
    {
        EnrollmentFile.Save(File + ".real", Sample);
        System.IO.File.CreateSymbolicLink(File, File + ".real");

        Assert.Equal(PantryErrorCode.InsecureFile, LoadError().Code);
    }

    [Fact]
    public void An_enrolment_that_has_expired_is_refused()
    {
        EnrollmentFile.Save(File, Sample with { ExpiresAt = Now.AddSeconds(-1) });

        PantryException error = LoadError();

        Assert.Equal(PantryErrorCode.InvalidEnrollment, error.Code);
        Assert.Contains("was good until", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Line 1")]
    [InlineData("{\n \"id\": 7}", "Line 2")]
    [InlineData("{}", "no enrolment")]
    [InlineData("null", "empty")]
    public void A_file_that_is_no_enrolment_is_named(string text, string expected)
    {
        System.IO.File.WriteAllText(File, text);
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        Assert.Contains(expected, LoadError().Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Enrollment Sample => new()
    {
        ServerPublicKey = "s",
        RootPublicKey = "r",
        Network = "n",
        PublicKey = "p",
        SecretKey = "k",
        Id = "e1",
        Identity = "app.host",
        Application = "shop",
        Roles = ["web"],
        Address = "localhost",
        PublishPort = 1,
        ReceivePort = 2,
        FilePort = 3,
        CreatedAt = Now,
        ExpiresAt = Now.AddDays(1),
    };

    private string File => Path.Combine(_folder, "host.enrolment");

    private PantryException LoadError() => Assert.Throws<PantryException>(() => EnrollmentFile.Load(File, Now));
}
