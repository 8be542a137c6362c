using Pantry.Provisioning.Packages;
using Pantry.Provisioning.Packages.Metadata;

namespace Pantry.Tests.Provisioning;

/// <summary>What is read of the files that tools have themselves, in directories as they are.</summary>
public sealed class PackageMetadataTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("pantry-package-").FullName;

    [Fact]
    public void A_Chef_cookbook_is_known_by_the_plain_lines_of_its_metadata_and_nothing_of_it_is_run()
    {
        Write("metadata.rb", """
            # frozen_string_literal: true
            name 'shop_web'
            version "2.1" # two numbers
            description 'The web servers of the shop'
            long_description IO.read('README.md')
            depends 'nginx', '~> 1.2'
            depends('base')
            depends "tls", ">= 1.0", "< 3.0"
            %w[a b].each { |c| depends c }
            depends "x#{`touch pwned`}"
            system('touch pwned')
            """);

        PackageDeclaration read = Read();

        Assert.Equal(("shop_web", "2.1.0", "chef", "The web servers of the shop"), (read.Name, read.Version.ToString(), read.Kind, read.Description));
        Assert.Equal(["nginx >=1.2.0 <2.0.0-0", "base *", "tls >=1.0.0 <3.0.0"], read.Dependencies.Select(need => $"{need.Name} {need.Range}"));
        Assert.False(File.Exists("pwned"));
    }

    [Fact]
    public void A_Puppet_module_is_known_by_its_metadata_json()
    {
        Write("metadata.json", """
            { "name": "acme/ntp", "version": "1.4.0", "author": "acme", "summary": "Sets the time", "license": "MIT",
              "dependencies": [ { "name": "puppetlabs/stdlib", "version_requirement": ">= 4.13.1 < 10.0.0" }, { "name": "acme-base" } ] }
            """);

        PackageDeclaration read = Read();

        Assert.Equal(("acme-ntp", "1.4.0", "puppet", "Sets the time"), (read.Name, read.Version.ToString(), read.Kind, read.Description));
        Assert.Equal(["puppetlabs-stdlib >= 4.13.1 < 10.0.0", "acme-base *"], read.Dependencies.Select(need => $"{need.Name} {need.Range}"));
    }

    [Fact]
    public void A_metadata_json_whose_dependencies_are_an_object_is_Chefs()
    {
        Write("metadata.json", """{ "name": "web", "version": "1.0.0", "dependencies": { "nginx": "= 2.0" } }""");
        Assert.Equal("chef", Read().Kind);
        Assert.Equal("=2.0.0", Read().Dependencies.Single().Range.Text);
    }

    [Fact]
    public void An_Ansible_collection_and_a_role_are_known_by_their_own_files()
    {
        Write("galaxy.yml", "namespace: acme\nname: web\nversion: 3.0.1\nauthors: [a]\ndescription: Web\ndependencies:\n  community.general: '>=1.0.0,<9.0.0'\n");
        PackageDeclaration collection = Read();
        Assert.Equal(("acme.web", "3.0.1", "ansible"), (collection.Name, collection.Version.ToString(), collection.Kind));
        Assert.True(collection.Dependencies.Single().Range.Contains(PackageVersions.Require("8.0.0", "x")));

        File.Delete(Path.Combine(_root, "galaxy.yml"));
        Write("meta/main.yml", "galaxy_info:\n  role_name: nginx\n  author: me\n  description: Serves\ndependencies:\n  - base\n  - role: tls\n    version: ^1.0\n");
        PackageDeclaration role = Read(new PackageFacts("") { Version = "1.0.0" });
        Assert.Equal(("nginx", "ansible", "Serves"), (role.Name, role.Kind, role.Description));
        Assert.Equal(["base *", "tls ^1.0"], role.Dependencies.Select(need => $"{need.Name} {need.Range}"));
        Assert.Contains("-Version", Assert.Throws<PantryException>(() => Read()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pantrys_own_file_may_say_it_all_and_goes_before_the_tools_file_and_what_is_given_before_both()
    {
        Write("metadata.rb", "name 'web'\nversion '1.0.0'\n");
        Write("pantry.yaml", "name: shop.web\nversion: 2.0.0\ndescription: Mine\ndependencies:\n  base: ~> 1.0\n");

        PackageDeclaration read = Read();
        Assert.Equal(("shop.web", "2.0.0", "chef", "base ~> 1.0"), (read.Name, read.Version.ToString(), read.Kind, read.Dependencies.Select(need => $"{need.Name} {need.Range}").Single()));
        Assert.Equal("3.0.0", Read(new PackageFacts("") { Version = "3.0.0" }).Version.ToString());
    }

    [Fact]
    public void A_directory_without_any_such_file_is_a_package_with_what_is_given_under_its_own_name()
    {
        Directory.CreateDirectory(Path.Combine(_root, "setup"));
        File.WriteAllText(Path.Combine(_root, "setup", "run.sh"), "echo");
        PackageDeclaration read = PackageMetadata.Read(Path.Combine(_root, "setup"), new PackageFacts("") { Version = "1.0.0", Kind = "script" }, []);
        Assert.Equal(("setup", "1.0.0", "script"), (read.Name, read.Version.ToString(), read.Kind));

        Write("compose.yaml", "services: {}");
        Assert.Equal("docker", Read(new PackageFacts("") { Name = "x", Version = "1.0.0" }).Kind);
    }

    [Theory]
    [InlineData("pantry.yaml", "nam: x\n", "pantry.yaml:1:1: there is no key 'nam'. Did you mean 'name'?")]
    [InlineData("pantry.yaml", "name: x\nversion: banana\nkind: script\n", "'banana' is no version of the package 'x'")]
    [InlineData("pantry.yaml", "name: x\nversion: 1.0.0\nkind: script\ndependencies: {y: banana}\n", "'banana', which is no range")]
    [InlineData("pantry.yaml", "name: x\nversion: 1.0.0\nkind: script\ndependencies: {X: '*'}\n", "depends on itself")]
    [InlineData("pantry.yaml", "name: ../x\nversion: 1.0.0\nkind: script\n", "is no valid name of a package")]
    [InlineData("metadata.json", "{ \"name\": ", "is no JSON that a tool writes: line 1")]
    [InlineData("metadata.json", "[]", "it holds no object")]
    [InlineData("metadata.rb", "name 'x'\nversion '1.0.0'\ndepends 'y', '>> 1'\n", "no range of Chef's")]
    [InlineData("galaxy.yml", "name: [\n", "galaxy.yml:2:1")]
    public void A_damaged_file_is_refused_with_what_is_wrong_and_where(string file, string text, string message)
    {
        Write(file, text);
        Assert.Contains(message, Assert.Throws<PantryException>(() => Read()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_in_the_place_of_such_a_file_is_not_followed()
    {
        string secret = Path.Combine(_root, "secret");
        File.WriteAllText(secret, "name: x\nversion: 1.0.0\nkind: script\n");
        File.CreateSymbolicLink(Path.Combine(_root, "pantry.yaml"), secret);
        Assert.Equal(PantryErrorCode.InsecureFile, Assert.Throws<PantryException>(() => Read()).Code);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private PackageDeclaration Read(PackageFacts? given = null) => PackageMetadata.Read(_root, given ?? new PackageFacts(""), []);

    private void Write(string file, string text)
    {
        string path = Path.Combine(_root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
