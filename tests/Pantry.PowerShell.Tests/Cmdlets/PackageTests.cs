using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

public sealed class PackageTests
{
    [Fact]
    public void Directories_become_packages_by_what_their_tools_say_of_them()
    {
        using Session session = Session.WithFleet();
        Write(session, "books/nginx/metadata.rb", "name 'nginx'\nversion '1.2.0'\ndescription 'Serves'\ndepends 'base', '~> 1.0'\n");
        Write(session, "books/base/metadata.rb", "name 'base'\nversion '1.0.0'\n");
        Write(session, "books/base/.git/config", "[core]");
        Write(session, "books/base/notes.log", "x");
        Write(session, "Acme.Tools/Acme.Tools.psd1", "@{ ModuleVersion = '2.1.0.0'; Description = 'Tools'; RequiredModules = @('One', @{ ModuleName = 'Two'; ModuleVersion = '1.5' }); PrivateData = @{ PSData = @{ Prerelease = 'rc1' } }; FunctionsToExport = @() }");

        Assert.Empty(session.Run("Publish-PantryPackage $root/books/* -WhatIf").Clean());
        Assert.Empty(session.Run("Get-PantryPackage").Clean());
        Outcome published = session.Run("Publish-PantryPackage $root/books/* -Exclude *.log");
        Assert.Equal(["base", "nginx"], published.Texts("Name"));
        Assert.Equal(["chef", "chef"], published.Texts("Kind"));
        Assert.Equal("1", published.Output[0].Text("Files"));
        PSObject? module = session.Run("Publish-PantryPackage -LiteralPath $root/Acme.Tools").Clean().Single();
        Assert.Equal(("Acme.Tools", "2.1.0-rc1", "powershell", "Tools", "One * Two >=1.5"), (module.Text("Name"), module.Text("Version"), module.Text("Kind"), module.Text("Description"), module.Text("Dependencies")));

        Assert.Equal(["Acme.Tools", "base", "nginx"], session.Run("Get-PantryPackage").Texts("Name"));
        Assert.Equal(["base", "nginx"], session.Run("Get-PantryPackage -Kind ch*").Texts("Name"));
        Assert.Equal(["NoMatchingPackage"], session.Run("Get-PantryPackage ngnix").ErrorIds);
        Assert.Equal(["NoMatchingPackage"], session.Run("Get-PantryPackage nginx '^2.0'").ErrorIds);
        Assert.Equal("InvalidArgument", session.Run("Get-PantryPackage nginx banana").ErrorId);
        session.Set("line", "Save-PantryPackage ngi");
        session.Until("[System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.CompletionText -eq 'nginx'");
    }

    [Fact]
    public void What_is_no_package_is_an_error_that_says_what_is_missing_and_the_others_are_published()
    {
        using Session session = Session.WithFleet();
        Write(session, "all/good/run.sh", "echo");
        Write(session, "all/bad/pantry.yaml", "nam: x\n");
        Write(session, "all/file", "x");
        Write(session, "unsaid/run.sh", "echo");
        Write(session, "odd/odd.psd1", "@{ ModuleVersion = $(throw 'run') }");

        Outcome some = session.Run("Publish-PantryPackage $root/all/* -Version 1.0.0 -Kind script");
        Assert.Equal(["good"], some.Texts("Name"));
        Assert.Equal(["InvalidConfiguration", "InvalidArgument"], some.ErrorIds);
        Assert.Contains("pantry.yaml:1:1: there is no key 'nam'. Did you mean 'name'?", some.Errors[0].Exception.Message, StringComparison.Ordinal);
        Assert.Contains("-Version", session.Run("Publish-PantryPackage $root/unsaid").Message, StringComparison.Ordinal);
        Assert.Contains("-Version", session.Run("Publish-PantryPackage $root/odd").Message, StringComparison.Ordinal);
        Assert.Contains("There is no file or directory", session.Run("Publish-PantryPackage $root/none*").Message, StringComparison.Ordinal);
        Assert.Equal("InvalidArgument", session.Run("Publish-PantryPackage $root/all/good, $root/unsaid -Name x -Version 1.0.0 -Kind script").ErrorId);
        Write(session, "all/good/run.sh", "echo other");
        Outcome again = session.Run("Publish-PantryPackage $root/all/good -Version 1.0.0 -Kind script");
        Assert.Equal("PackageExists", again.ErrorId);
        Assert.Equal(ErrorCategory.ResourceExists, again.Errors[0].CategoryInfo.Category);
    }

    [Fact]
    public void A_package_is_saved_into_a_directory_of_its_name_from_a_server_elsewhere_too()
    {
        using Session here = Session.WithFleet();
        using Session there = Session.Open();
        there.Run($"$null = {here.Connecting()}").Clean();
        Write(there, "web/run.sh", "echo one");
        Write(there, "web/sub/data.txt", "data");
        there.Run("$null = Publish-PantryPackage $root/web -Version 1.0.0 -Kind script").Clean();
        Write(there, "web/run.sh", "echo two");
        there.Run("$null = Publish-PantryPackage $root/web -Version 1.1.0 -Kind script").Clean();

        Assert.Equal(Path.Combine(there.Root, "out", "web"), there.Run("Save-PantryPackage web $root/out").Clean().Single()!.ToString());
        Assert.Equal("echo two", File.ReadAllText(Path.Combine(there.Root, "out", "web", "run.sh")));
        Assert.Equal("InvalidArgument", there.Run("Save-PantryPackage web $root/out 1.0.0").ErrorId);
        File.WriteAllText(Path.Combine(there.Root, "out", "web", "extra"), "x");
        there.Run("$null = Get-PantryPackage web '~1.0.0' | Save-PantryPackage -LiteralPath $root/out -Force").Clean();
        Assert.Equal("echo one", File.ReadAllText(Path.Combine(there.Root, "out", "web", "run.sh")));
        Assert.False(File.Exists(Path.Combine(there.Root, "out", "web", "extra")));
        Assert.Equal(["NoMatchingPackage"], there.Run("Save-PantryPackage web $root/out2 '^9'").ErrorIds);
        Assert.Equal("There is no package 'wee'. Get-PantryPackage lists those there are.", there.Run("Save-PantryPackage wee $root/out2").Message);

        Assert.Equal("True", there.Run("Test-PantryPackageStore").Clean().Single().Text("IsIntact"));
        Assert.NotNull(there.Run("Remove-PantryPackage web 1.0.0").ErrorId); // Nobody is there to be asked.
        there.Run("Get-PantryPackage web -AllVersions | Remove-PantryPackage -Confirm:$false").Clean();
        Assert.Empty(there.Run("Get-PantryPackage").Clean());
    }

    [Fact]
    public void A_damaged_store_is_an_error_with_the_file_that_is_damaged()
    {
        using Session session = Session.WithFleet();
        Write(session, "web/run.sh", "echo one");
        session.Run("$null = Publish-PantryPackage $root/web -Version 1.0.0 -Kind script").Clean();
        foreach (string blob in Directory.EnumerateFiles(Path.Combine(session.Root, "files", "blobs"), "*", SearchOption.AllDirectories).Where(file => File.ReadAllText(file) == "echo one"))
            File.WriteAllText(blob, "Echo one");

        Outcome check = session.Run("Test-PantryPackageStore");
        Assert.Equal("False", check.Output.Single().Text("IsIntact"));
        Assert.Equal(["ContentDamaged"], check.ErrorIds);
        Assert.Contains("web 1.0.0, run.sh", check.Message, StringComparison.Ordinal);
    }

    internal static void Write(Session session, string file, string text)
    {
        string path = Path.Combine(session.Root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
