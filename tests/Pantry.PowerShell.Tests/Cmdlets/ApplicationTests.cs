using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

public sealed class ApplicationTests
{
    [Fact]
    public void An_application_is_made_changed_compared_restored_and_removed()
    {
        using Session session = Session.WithFleet();
        PackageTests.Write(session, "shop.yaml", "description: The web shop\npackages:\n  web: ^1.0\nparameters:\n  workers: 2\n");

        Outcome made = session.Run("New-PantryApplication shop -Path $root/shop.yaml");
        Assert.Equal(("shop", "1", "Created", "local", "The web shop"), (made.Output[0].Text("Name"), made.Output[0].Text("Revision"), made.Output[0].Text("Change"), made.Output[0].Text("ChangedBy"), made.Output[0].Text("Description")));
        Assert.Contains("There is no package 'web' yet", Assert.Single(made.Warnings), StringComparison.Ordinal);
        Assert.Equal("ApplicationExists", session.Run("New-PantryApplication shop").ErrorId);
        Assert.Contains("Say which revision", session.Run("Set-PantryApplication shop -Document 'packages: {}'").Message, StringComparison.Ordinal);
        session.Run("Get-PantryApplication shop | Set-PantryApplication -Document 'description: The web shop', 'packages:', '  web: ^1.0', 'parameters:', '  workers: 4', ''").Clean();
        Outcome late = session.Run("Set-PantryApplication shop -Revision 1 -Document 'packages: {}'");
        Assert.Equal("ApplicationChanged", late.ErrorId);
        Assert.Contains("was changed by 'local'", late.Message, StringComparison.Ordinal);
        session.Run("Set-PantryApplication shop -Force -Document 'packages: {}' -WhatIf").Clean();

        PSObject? difference = session.Run("Compare-PantryApplication shop").Clean().Single();
        Assert.Equal(["  packages:", "    web: ^1.0", "  parameters:", "-   workers: 2", "+   workers: 4", "  "], ((IEnumerable<string>)difference.Value("Lines")!));
        Assert.Equal(["2", "1"], session.Run("Get-PantryApplication shop -History").Texts("Revision"));
        Assert.Contains("workers: 2", session.Run("Get-PantryApplication shop -Revision 1").Clean().Single().Text("Document"), StringComparison.Ordinal);
        Assert.Equal("3", session.Run("Restore-PantryApplication shop 1").Output.Single().Text("Revision"));
        Assert.Contains("workers: 2", session.Run("Get-PantryApplication").Clean().Single().Text("Document"), StringComparison.Ordinal);
        Assert.NotNull(session.Run("Remove-PantryApplication shop").ErrorId); // Nobody is there to be asked.
        session.Run("Get-PantryApplication shop | Remove-PantryApplication -Confirm:$false").Clean();
        Assert.Equal(["NoMatchingApplication"], session.Run("Get-PantryApplication shop").ErrorIds);
        Assert.Equal(["4", "3", "2", "1"], session.Run("Get-PantryApplication sho* -History").Texts("Revision"));
        Assert.Equal("5", session.Run("Restore-PantryApplication shop 2").Output.Single().Text("Revision"));
        session.Set("line", "Edit-PantryApplication sh");
        session.Until("[System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.CompletionText -eq 'shop'");
    }

    [Fact]
    public void A_document_with_an_error_is_refused_with_file_line_and_column()
    {
        using Session session = Session.WithFleet();
        PackageTests.Write(session, "shop.yaml", "packages:\n  web: ^1.0\nenvironments:\n  live:\n    packges: {}\n");
        Outcome wrong = session.Run("New-PantryApplication shop -Path $root/shop.yaml");
        Assert.Equal("InvalidConfiguration", wrong.ErrorId);
        Assert.Contains("shop.yaml:5:5: there is no key 'packges' in 'environments.live'. Did you mean 'packages'?", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("shop.yaml", session.Run("New-PantryApplication shop -LiteralPath $root/missing.yaml").Message.Replace("missing", "shop", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal("InvalidName", session.Run("New-PantryApplication 'a b'").ErrorId);
        Assert.Empty(session.Run("Get-PantryApplication").Clean());
    }

    [Fact]
    public void An_edited_document_is_saved_and_one_that_does_not_stand_is_kept_in_a_file_of_its_owner()
    {
        if (OperatingSystem.IsWindows())
            return; // The editors here are shell scripts.
        using Session here = Session.WithFleet();
        using Session session = Session.Open();
        session.Run($"$null = {here.Connecting()}").Clean();
        string mode = Path.Combine(session.Root, "mode"), editor = Path.Combine(session.Root, "my editor.sh");
        File.WriteAllText(editor, $"#!/bin/sh\nstat -c '%a' \"$2\" \"$(dirname \"$2\")\" > '{mode}'\ncase \"$1\" in\n  good) printf 'packages: {{}}\\ndescription: edited\\n' > \"$2\";;\n  bad) echo 'packges: {{}}' > \"$2\";;\n  fails) exit 3;;\nesac\n");
        File.SetUnixFileMode(editor, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string Edit(string how) => $"$env:VISUAL = ''; $env:EDITOR = '\"{editor}\" {how}'; Edit-PantryApplication shop -PassThru";

        Assert.Equal(("1", "Created"), session.Run(Edit("good")).Clean().Single() is var made ? (made.Text("Revision"), made.Text("Change")) : default);
        Assert.Equal(["600", "700"], File.ReadAllLines(mode));
        Assert.Empty(session.Run(Edit("nothing")).Clean());
        Outcome bad = session.Run(Edit("bad"));
        Assert.Equal("InvalidConfiguration", bad.ErrorId);
        Assert.Contains("Did you mean 'packages'? What you wrote is kept in '", bad.Message, StringComparison.Ordinal);
        string kept = bad.Message.Split('\'')[^2];
        Assert.Equal("packges: {}\n", File.ReadAllText(kept));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(kept));
        Directory.Delete(Path.GetDirectoryName(kept)!, recursive: true);
        Assert.Contains("ended with the exit code 3", session.Run(Edit("fails")).Message, StringComparison.Ordinal);
        Assert.Equal(["1"], session.Run("Get-PantryApplication").Texts("Revision"));
        Assert.Contains("No editor is named", session.Run("$env:VISUAL = ''; $env:EDITOR = ''; Edit-PantryApplication shop").Message, StringComparison.Ordinal);
        Assert.Contains("could not be run", session.Run("$env:EDITOR = 'no-such-editor'; Edit-PantryApplication shop").Message, StringComparison.Ordinal);
        foreach (string left in Directory.EnumerateDirectories(Path.GetTempPath(), "pantry-edit-*").Where(left => Directory.EnumerateFiles(left, "shop.yaml").Any()))
            Directory.Delete(left, recursive: true);
    }

    [Fact]
    public void Plans_show_what_each_client_would_get_and_what_keeps_it_from_that()
    {
        using Session session = Session.WithFleet("web1 shop live web", "web2 shop test web", "mx1 mail live");
        PackageTests.Write(session, "base/run.sh", "echo");
        PackageTests.Write(session, "web/pantry.yaml", "name: web\nversion: 1.2.0\nkind: script\ndependencies: { base: ^1.0 }\n");
        session.Run("$null = Publish-PantryPackage $root/base -Version 1.0.0 -Kind script; $null = Publish-PantryPackage $root/web").Clean();
        session.Run("$null = New-PantryApplication shop -Document 'packages: { web: ^1.0 }', 'parameters: { workers: 2, password: !secret shop-db }', 'environments: { test: { packages: { web: ^2.0 } } }'").Clean();

        Outcome plans = session.Run("Get-PantryPlan -Application shop");
        Assert.Equal(["web1", "web2"], plans.Texts("Client"));
        Assert.Equal(["base 1.0.0", "web 1.2.0"], ((IEnumerable<object>)plans.Output[0].Value("Packages")!).Select(package => package.ToString()));
        Assert.Equal("""{"workers":2,"password":{"$secret":"shop-db"}}""", plans.Output[0].Text("Parameters"));
        Assert.Equal(["PackageConflict"], plans.ErrorIds);
        Assert.Contains("web2: No version of the package 'web' will do: environment 'test' of application 'shop' needs ^2.0", plans.Message, StringComparison.Ordinal);
        Assert.Equal(["web1"], session.Run("Get-PantryClient web1 | Get-PantryPlan").Clean().Select(plan => plan.Text("Client")));
        Assert.Empty(session.Run("Get-PantryClient nobody* | Get-PantryPlan").Clean());
        Assert.Equal(["NoMatchingClient"], session.Run("Get-PantryPlan nobody").ErrorIds);
        Assert.Equal(["NoMatchingApplication"], session.Run("Get-PantryPlan mx1").ErrorIds);
    }
}
