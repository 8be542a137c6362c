using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

/// <summary>Files to and from clients. All clients are on this machine, so those that write into one directory take their turns.</summary>
public sealed class FileTests
{
    [Fact]
    public void Files_that_match_are_sent_and_each_target_has_one_row_that_says_what_came_of_it()
    {
        using Session session = Session.WithFleet("web1 shop", "web2 shop");
        WriteSource(session);

        Outcome outcome = session.Run("Get-PantryClient | Send-PantryFile \"$root/src/*.txt\", \"$root/src/sub\" -Destination \"$root/dst\" -BatchSize 1");

        Assert.Equal(2, outcome.Clean().Count);
        Assert.Equal(["web1", "web2"], outcome.Texts("Client").Order());
        Assert.All(outcome.Output, row => Assert.Equal("Succeeded", row!.Text("Status")));
        PSObject transfer = PSObject.AsPSObject(outcome.Output[0]!.List("Output").Single());
        Assert.Equal(("2", "8", "2"), (transfer.Text("Files"), transfer.Text("Bytes"), transfer.Text("Written")));
        Assert.Equal(["a.txt", "sub/c[1].txt"], FilesIn(session, "dst"));
        Assert.Equal("three", File.ReadAllText(Path.Combine(session.Root, "dst", "sub", "c[1].txt")));
    }

    [Fact]
    public void A_directory_goes_without_what_is_excluded_and_a_literal_path_is_taken_as_it_stands()
    {
        using Session session = Session.WithFleet("web1 shop");
        WriteSource(session);

        session.Run("Send-PantryFile -Path \"$root/src\" -Exclude *.log -Destination \"$root/dst\" -Client web1").Clean();
        session.Run("Send-PantryFile -LiteralPath \"$root/src/sub/c[1].txt\" -Destination \"$root/other\" -Client web1").Clean();

        Assert.Equal(["src/a.txt", "src/sub/c[1].txt"], FilesIn(session, "dst"));
        Assert.Equal(["c[1].txt"], FilesIn(session, "other"));
    }

    [Fact]
    public void What_would_happen_names_files_and_targets_and_contacts_nobody()
    {
        using Session session = Session.WithFleet("web1 shop", "web2 shop");
        WriteSource(session);

        Assert.Empty(session.Run("Send-PantryFile \"$root/src\" -Destination \"$root/dst\" -Stream shop -WhatIf").Clean());
        Assert.Empty(session.Run("Receive-PantryFile \"$root/src\" -Destination \"$root/got\" -Stream shop -WhatIf").Clean());

        Assert.Equal(0L, session.Run("$server.Statistics.OrdersPublished").Clean().Single()!.BaseObject);
        Assert.Empty(FilesIn(session, "dst"));
        Assert.Empty(FilesIn(session, "got"));
    }

    [Fact]
    public void What_cannot_be_sent_is_an_error_that_names_it_and_nothing_is_sent()
    {
        using Session session = Session.WithFleet("web1 shop");
        WriteSource(session);

        Assert.Equal("NoMatchingFile", session.Run("Send-PantryFile \"$root/none\" -Destination \"$root/dst\" -Client web1").ErrorId);
        Assert.Equal("NoMatchingFile", session.Run("Send-PantryFile \"$root/src/*.none\" -Destination \"$root/dst\" -Client web1").ErrorId);
        Assert.Equal("NoTarget", session.Run("Send-PantryFile \"$root/src\" -Destination \"$root/dst\"").ErrorId);
        Assert.Equal("InvalidArgument", session.Run("Send-PantryFile \"$root/src\" -Destination relative -Client web1").ErrorId);
        Assert.Empty(FilesIn(session, "dst"));
    }

    [Fact]
    public void Access_lists_are_kept_on_windows_alone_and_elsewhere_that_is_said_before_anything_is_done()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has them.");
        using Session session = Session.WithFleet("web1 shop");
        WriteSource(session);

        foreach (string verb in (string[])["Send", "Receive"])
        {
            Outcome refused = session.Run($"{verb}-PantryFile \"$root/src\" -Destination \"$root/dst\" -Client web1 -KeepAcl");
            Assert.Equal("NotOffered", refused.ErrorId);
            Assert.Contains("Leave -KeepAcl out", refused.Message, StringComparison.Ordinal);
        }

        Assert.Empty(session.Run("Get-PantryJob").Clean());
        Assert.Empty(FilesIn(session, "dst"));
    }

    [Fact]
    public void In_the_background_each_target_is_a_child_job()
    {
        using Session session = Session.WithFleet("web1 shop", "web2 shop");
        WriteSource(session);

        Outcome outcome = session.Run("$job = Send-PantryFile \"$root/src\" -Destination \"$root/dst\" -Stream shop -BatchSize 1 -AsJob; $null = $job | Wait-Job -Timeout 30; $job | Receive-Job");

        Assert.Equal(["web1", "web2"], outcome.Texts("Client").Order());
        outcome.Clean();
    }

    [Fact]
    public void Files_of_clients_come_into_a_directory_for_each()
    {
        using Session session = Session.WithFleet("web1 shop", "web2 shop");
        WriteSource(session);

        Outcome outcome = session.Run("Receive-PantryFile \"$root/src/*.txt\", \"$root/src/sub\" -Destination \"$root/got\" -Stream shop");

        Assert.Equal(2, outcome.Clean().Count);
        foreach (string client in (string[])["web1", "web2"])
            Assert.Equal(["a.txt", "sub/c[1].txt"], FilesIn(session, $"got/{client}"));
        Assert.EndsWith("web1", PSObject.AsPSObject(outcome.Output.Single(row => row!.Text("Client") == "web1")!.List("Output").Single()).Text("Path"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_a_client_does_not_have_is_a_row_and_an_error()
    {
        using Session session = Session.WithFleet("web1 shop");

        Outcome outcome = session.Run("Receive-PantryFile \"$root/none.txt\" -Destination \"$root/got\" -Client web1, nobody");

        Assert.Equal([("nobody", "Unknown"), ("web1", "Failed")], outcome.Output.Select(row => (row!.Text("Client"), row.Text("Status"))).Order());
        Assert.Contains(outcome.Errors, error => error.FullyQualifiedErrorId.StartsWith("NoMatchingFile,", StringComparison.Ordinal));
    }

    [Fact]
    public void An_operator_elsewhere_sends_and_fetches_over_the_network()
    {
        using Session session = Session.WithFleet("web1 shop");
        WriteSource(session);
        session.Run("$far = " + session.Connecting("files", "shop:ReceiveFiles,OfferFiles", administrator: false)).Clean();

        session.Run("Send-PantryFile \"$root/src\" -Destination \"$root/dst\" -Client web1 -Session $far -BandwidthLimit 100MB").Clean();
        session.Run("Receive-PantryFile \"$root/dst/src/*.txt\" -Destination \"$root/got\" -Client web1 -Session $far").Clean();

        Assert.Equal("one", File.ReadAllText(Path.Combine(session.Root, "got", "web1", "a.txt")));
    }

    [Fact]
    public void What_takes_long_shows_how_many_bytes_have_come_and_takes_that_away_at_its_end()
    {
        using Session session = Session.WithFleet("web1 shop");
        byte[] large = new byte[3 * 1024 * 1024];
        new Random(1).NextBytes(large);
        File.WriteAllBytes(Path.Combine(session.Root, "large"), large);
        session.Run("$far = " + session.Connecting("files", "shop:ReceiveFiles,OfferFiles", administrator: false)).Clean();

        // The limit keeps both above the second before which nothing is shown.
        Outcome sent = session.Run("Send-PantryFile \"$root/large\" -Destination \"$root/dst\" -Client web1 -Session $far -BandwidthLimit 1.5MB");
        Outcome received = session.Run("Receive-PantryFile \"$root/dst/large\" -Destination \"$root/got\" -Client web1 -Session $far -BandwidthLimit 1.5MB");

        sent.Clean();
        received.Clean();
        AssertShown(sent, "Sent to the server: ");
        AssertShown(received, "Written of web1: ");

        static void AssertShown(Outcome outcome, string step)
        {
            ProgressRecord[] shown = [.. outcome.Progress.Where(record => record.StatusDescription.StartsWith(step, StringComparison.Ordinal))];
            Assert.NotEmpty(shown);
            Assert.All(shown, record => Assert.EndsWith(" MiB", record.StatusDescription, StringComparison.Ordinal));
            Assert.Contains(outcome.Progress, record => record.ActivityId == shown[0].ActivityId && record.RecordType == ProgressRecordType.Completed);
        }
    }

    private static void WriteSource(Session session)
    {
        string source = Directory.CreateDirectory(Path.Combine(session.Root, "src", "sub")).Parent!.FullName;
        File.WriteAllText(Path.Combine(source, "a.txt"), "one");
        File.WriteAllText(Path.Combine(source, "b.log"), "two");
        File.WriteAllText(Path.Combine(source, "sub", "c[1].txt"), "three");
    }

    private static IEnumerable<string> FilesIn(Session session, string folder)
    {
        string path = Path.Combine(session.Root, folder);
        return Directory.Exists(path)
            ? Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(path, file).Replace('\\', '/')).Order(StringComparer.Ordinal)
            : [];
    }
}
