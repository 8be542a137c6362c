using System.Globalization;
using System.Management.Automation;
using System.Text;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Provisioning;

/// <summary>From files to changed machines: packages, applications, plans and runs, with the tools as they are installed, and clients in processes of their own.</summary>
public sealed class ProvisionTests
{
    private const string Password = "correct-horse-4711";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private const string Module = """
        class common(String $root, Sensitive[String] $password, Boolean $breaks = false) {
          $here = "${root}/${facts['pantry_identity']}"
          file { $here: ensure => directory, mode => '0750' }
          file { "${here}/app.conf": content => "level one\n", mode => '0640' }
          file { "${here}/app.service": source => 'puppet:///modules/common/app.service', mode => '0644' }
          file { "${here}/password": content => $password, mode => '0600', show_diff => false }
        }
        """;

    private const string Role = """
        - name: Write what the web server serves
          copy: { dest: "{{ root }}/{{ pantry.identity }}/index.html", content: "{{ greeting }}\n", mode: "0604" }
        - name: Write its key
          copy: { dest: "{{ root }}/{{ pantry.identity }}/key", content: "{{ tls.key }}", mode: "0600" }
          no_log: true
        """;

    public static bool NoTools => Missing("puppet") || Missing("ansible-playbook");

    [Fact(SkipWhen = nameof(NoTools), Skip = "Puppet and Ansible are not both installed: apt-get install puppet-agent ansible-core.")]
    public void A_shared_module_and_a_role_bring_clients_of_two_applications_to_what_their_documents_say()
    {
        using Session session = Session.WithFleet();
        string machines = Directory.CreateDirectory(Path.Combine(session.Root, "machines")).FullName;
        Publish(session, "1.0.0", Module, large: 0);
        Write(session, "site/tasks/main.yml", Role);
        session.Run("Publish-PantryPackage $root/site -Name site -Version 1.0.0 -Kind ansible").Clean();
        Write(session, "shop.yaml", $"packages: {{ acme-common: ^1.0, site: '*' }}\nsteps: [acme-common, site]\nparameters: {{ 'common::root': '{machines}', root: '{machines}', greeting: hello, 'common::password': !secret shop-db, tls: {{ key: !secret shop-key }} }}\n");
        Write(session, "mail.yaml", $"packages: {{ acme-common: '*' }}\nparameters: {{ 'common::root': '{machines}', 'common::password': !secret mail-db }}\n");
        session.Run("New-PantryApplication shop -Path $root/shop.yaml; New-PantryApplication mail -Path $root/mail.yaml").Clean();
        using ClientProcess shop1 = ClientProcess.Start(session, "shop1", "-Application shop"), shop2 = ClientProcess.Start(session, "shop2", "-Application shop"), mail1 = ClientProcess.Start(session, "mail1", "-Application mail");
        session.Run($"function Hide([string] $value) {{ [Pantry.Secret]::new([Net.NetworkCredential]::new('', $value).SecurePassword) }}; $secret = @{{ 'shop-db' = Hide '{Password}'; 'shop-key' = Hide 'key-{Password}'; 'mail-db' = Hide 'mail-{Password}' }}; $shop = @{{ 'shop-db' = $secret['shop-db']; 'shop-key' = $secret['shop-key'] }}").Clean();

        // What would happen, and what tools say of it, before anything does.
        PSObject?[] plans = [.. session.Run("Invoke-PantryProvision -All -WhatIf").Clean()];
        Assert.Equal(["mail1", "shop1", "shop2"], plans.Select(plan => plan.Text("Client")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(machines));
        Assert.Equal("InvalidArgument", session.Run("Invoke-PantryProvision -All -Secret @{ 'shop-db' = $secret['shop-db'] }").ErrorId);

        using (var watch = new CommandLines(Password))
        {
            Assert.All(Reports(session, "Get-PantryClient | Invoke-PantryProvision -Secret $secret"), report => Assert.Equal("Changed", report.Text("Status")));
            Assert.Empty(watch.Stop());
            Assert.Contains("ansible-playbook", watch.Programs);
        }

        foreach (string identity in (string[])["shop1", "shop2", "mail1"])
        {
            Assert.Equal("level one\n", File.ReadAllText($"{machines}/{identity}/app.conf"));
            Assert.Contains("ExecStart=/usr/bin/app", File.ReadAllText($"{machines}/{identity}/app.service"), StringComparison.Ordinal);
            Assert.Equal("640", Mode($"{machines}/{identity}/app.conf"));
            Assert.Equal("600", Mode($"{machines}/{identity}/password"));
        }

        Assert.Equal(Password, File.ReadAllText($"{machines}/shop1/password"));
        Assert.Equal($"mail-{Password}", File.ReadAllText($"{machines}/mail1/password"));
        Assert.Equal("hello\n", File.ReadAllText($"{machines}/shop2/index.html"));
        Assert.Equal("604", Mode($"{machines}/shop2/index.html"));
        Assert.Equal($"key-{Password}", File.ReadAllText($"{machines}/shop2/key"));
        Assert.False(File.Exists($"{machines}/mail1/index.html"));
        Assert.All([shop1, shop2, mail1], client => Assert.DoesNotContain(
            Directory.EnumerateFiles(client.Home, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)), file => File.ReadAllText(file, Encoding.Latin1).Contains(Password, StringComparison.Ordinal)));
        Assert.DoesNotContain(Password, session.Run("[System.Management.Automation.PSSerializer]::Serialize(@(Get-PantryJob | Receive-PantryJob), 6)").Clean().Single()!.ToString(), StringComparison.Ordinal);

        Assert.All(Reports(session, "Invoke-PantryProvision -All -Secret $secret"), report => Assert.Equal("Unchanged", report.Text("Status")));

        // One changed file of a package with a large one: what travels is what changed.
        Publish(session, "1.1.0", Module.Replace("level one", "level two", StringComparison.Ordinal), large: 0);
        Outcome moved = session.Run("Invoke-PantryProvision -Application shop -Secret $shop", Patience);
        Assert.All(moved.Clean(), row => Assert.InRange(Fetched(row), 1, 4096));
        Assert.Equal("level two\n", File.ReadAllText($"{machines}/shop1/app.conf"));
        Assert.Equal("level one\n", File.ReadAllText($"{machines}/mail1/app.conf"));

        // A version that fails on the first client goes no further.
        Publish(session, "1.2.0", Module.Replace("level one", "level three", StringComparison.Ordinal).Replace("  file { $here:", "  fail('this version is broken')\n  file { $here:", StringComparison.Ordinal), large: 0);
        Outcome broken = session.Run("Invoke-PantryProvision -Application shop -Secret $shop -Canary 1", Patience);
        Assert.Equal(["Cancelled", "Failed"], broken.Texts("Status").Order());
        PSObject? failed = broken.Output.Single(row => row.Text("Status") == "Failed");
        Assert.Equal(["Failed", "NotRun"], failed.List("Output").Select(report => PSObject.AsPSObject(report).Text("Status")));
        Assert.Contains("this version is broken", PSObject.AsPSObject(failed.List("Output")[0]).Text("LogTail"), StringComparison.Ordinal);
        Assert.Equal("level two\n", File.ReadAllText($"{machines}/shop1/app.conf"));
        Assert.Equal("level two\n", File.ReadAllText($"{machines}/shop2/app.conf"));
        Assert.Contains("acme-common 1.2.0 failed with puppet", PSObject.AsPSObject(failed.Value("Error")!).Text("Message"), StringComparison.Ordinal);
    }

    private static void Publish(Session session, string version, string module, int large)
    {
        Write(session, "common/metadata.json", $$"""{"name": "acme-common", "version": "{{version}}", "author": "acme", "license": "MIT", "summary": "What all have", "source": "", "dependencies": []}""");
        Write(session, "common/manifests/init.pp", module);
        Write(session, "common/files/app.service", "[Service]\nExecStart=/usr/bin/app\n");
        byte[] data = new byte[2 * 1024 * 1024];
        new Random(large).NextBytes(data);
        File.WriteAllBytes(Path.Combine(session.Root, "common", "files", "data.bin"), data);
        session.Run("Publish-PantryPackage $root/common").Clean();
    }

    private static IReadOnlyList<PSObject> Reports(Session session, string script) =>
        [.. session.Run(script, Patience).Clean().SelectMany(row => row.List("Output")).Select(report => PSObject.AsPSObject(report))];

    private static long Fetched(PSObject? row) => row.Text("StandardOutput").Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Sum(line => long.Parse(line.Split("; ")[^1].Split(' ')[0], NumberStyles.AllowThousands, CultureInfo.CurrentCulture));

    private static void Write(Session session, string path, string text)
    {
        string full = Path.Combine(session.Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    private static string Mode(string path) => OperatingSystem.IsWindows() ? "" : Convert.ToString((int)File.GetUnixFileMode(path), 8);

    private static bool Missing(string program) => OperatingSystem.IsWindows()
        || !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, program)));
}
