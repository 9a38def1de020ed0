// Made by scripts/generate-coded-concepts.py from the context groups of PS3.16. Do not edit.
// Source: pydicom 3.0.2 (MIT)

/** Scheme, value and meaning of one concept a line. SRT and SNM3 are the retired spellings of SCT. */
export const CONCEPT_ROWS = `# Anatomic regions: CID 4030, 4031
SCT 818981001 Abdomen
SCT 818982008 Abdomen and Pelvis
SCT 7832008 Abdominal aorta
SRT T-42500 Abdominal aorta
SNM3 T-42500 Abdominal aorta
SCT 85856004 Acromioclavicular joint
SRT T-15420 Acromioclavicular joint
SNM3 T-15420 Acromioclavicular joint
SCT 23451007 Adrenal gland
SRT T-B3000 Adrenal gland
SNM3 T-B3000 Adrenal gland
SCT 70258002 Ankle joint
SRT T-15750 Ankle joint
SNM3 T-15750 Ankle joint
SCT 53505006 Anus
SRT T-59900 Anus
SNM3 T-59900 Anus
SCT 57034009 Aortic arch
SRT T-42300 Aortic arch
SNM3 T-42300 Aortic arch
SCT 86598002 Apex of Lung
SRT T-280A0 Apex of Lung
SNM3 T-280A0 Apex of Lung
SCT 28273000 Bile duct
SRT T-60610 Bile duct
SNM3 T-60610 Bile duct
SCT 34707002 Biliary tract
SRT T-60600 Biliary tract
SNM3 T-60600 Biliary tract
SCT 89837001 Bladder
SRT T-74000 Bladder
SNM3 T-74000 Bladder
SCT 72001000 Bone of lower limb
SRT T-12700 Bone of lower limb
SNM3 T-12700 Bone of lower limb
SCT 371195002 Bone of upper limb
SRT T-D0821 Bone of upper limb
SNM3 T-D0821 Bone of upper limb
SCT 12738006 Brain
SRT T-A0100 Brain
SNM3 T-A0100 Brain
SCT 76752008 Breast
SRT T-04000 Breast
SNM3 T-04000 Breast
SCT 955009 Bronchus
SRT T-26000 Bronchus
SNM3 T-26000 Bronchus
SCT 80144004 Calcaneus
SRT T-12770 Calcaneus
SNM3 T-12770 Calcaneus
SCT 69105007 Carotid Artery
SRT T-45010 Carotid Artery
SNM3 T-45010 Carotid Artery
SCT 113305005 Cerebellum
SRT T-A6000 Cerebellum
SNM3 T-A6000 Cerebellum
SCT 122494005 Cervical spine
SRT T-11501 Cervical spine
SNM3 T-11501 Cervical spine
SCT 1217257000 Cervico-thoracic spine
SCT 816094009 Chest
SCT 416775004 Chest, Abdomen and Pelvis
SRT R-FAB56 Chest, Abdomen and Pelvis
SNM3 R-FAB56 Chest, Abdomen and Pelvis
SCT 416550000 Chest and Abdomen
SRT R-FAB55 Chest and Abdomen
SNM3 R-FAB55 Chest and Abdomen
SCT 11279006 Circle of Willis
SRT T-45520 Circle of Willis
SNM3 T-45520 Circle of Willis
SCT 51299004 Clavicle
SRT T-12310 Clavicle
SNM3 T-12310 Clavicle
SCT 64688005 Coccyx
SRT T-11BF0 Coccyx
SNM3 T-11BF0 Coccyx
SCT 71854001 Colon
SRT T-59300 Colon
SNM3 T-59300 Colon
SCT 79741001 Common bile duct
SRT T-64500 Common bile duct
SNM3 T-64500 Common bile duct
SCT 41801008 Coronary artery
SRT T-43000 Coronary artery
SNM3 T-43000 Coronary artery
SCT 128320002 Cranial venous system
SRT T-A0191 Cranial venous system
SNM3 T-A0191 Cranial venous system
SCT 38848004 Duodenum
SRT T-58200 Duodenum
SNM3 T-58200 Duodenum
SCT 16953009 Elbow joint
SRT T-15430 Elbow joint
SNM3 T-15430 Elbow joint
SCT 38266002 Entire body
SRT T-D0010 Entire body
SNM3 T-D0010 Entire body
SCT 32849002 Esophagus
SRT T-56000 Esophagus
SNM3 T-56000 Esophagus
SCT 110861005 Esophagus, stomach and duodenum
SRT T-DD163 Esophagus, stomach and duodenum
SNM3 T-DD163 Esophagus, stomach and duodenum
SCT 66019005 Extremity
SRT T-D0300 Extremity
SNM3 T-D0300 Extremity
SCT 81745001 Eye
SRT T-AA000 Eye
SNM3 T-AA000 Eye
SCT 371398005 Eye region
SRT T-D0801 Eye region
SNM3 T-D0801 Eye region
SCT 91397008 Facial bones
SRT T-11196 Facial bones
SNM3 T-11196 Facial bones
SCT 71341001 Femur
SRT T-12710 Femur
SNM3 T-12710 Femur
SCT 87342007 Fibula
SRT T-12750 Fibula
SNM3 T-12750 Fibula
SCT 7569003 Finger
SRT T-D8800 Finger
SNM3 T-D8800 Finger
SCT 56459004 Foot
SRT T-D9700 Foot
SNM3 T-D9700 Foot
SCT 14975008 Forearm
SRT T-D8500 Forearm
SNM3 T-D8500 Forearm
SCT 28231008 Gallbladder
SRT T-63000 Gallbladder
SNM3 T-63000 Gallbladder
SCT 85562004 Hand
SRT T-D8700 Hand
SNM3 T-D8700 Hand
SCT 69536005 Head
SRT T-D1100 Head
SNM3 T-D1100 Head
SCT 774007 Head and Neck
SRT T-D1000 Head and Neck
SNM3 T-D1000 Head and Neck
SCT 80891009 Heart
SRT T-32000 Heart
SNM3 T-32000 Heart
SCT 29836001 Hip
SRT T-D2500 Hip
SNM3 T-D2500 Hip
SCT 24136001 Hip joint
SRT T-15710 Hip joint
SNM3 T-15710 Hip joint
SCT 85050009 Humerus
SRT T-12410 Humerus
SNM3 T-12410 Humerus
SCT 34516001 Ileum
SRT T-58600 Ileum
SNM3 T-58600 Ileum
SCT 299716001 Iliac and/or femoral artery
SRT T-41068 Iliac and/or femoral artery
SNM3 T-41068 Iliac and/or femoral artery
SCT 22356005 Ilium
SRT T-12340 Ilium
SNM3 T-12340 Ilium
SCT 361078006 Internal Auditory Canal
SRT T-AB959 Internal Auditory Canal
SNM3 T-AB959 Internal Auditory Canal
SCT 661005 Jaw region
SRT T-D1213 Jaw region
SNM3 T-D1213 Jaw region
SCT 21306003 Jejunum
SRT T-58400 Jejunum
SNM3 T-58400 Jejunum
SCT 64033007 Kidney
SRT T-71000 Kidney
SNM3 T-71000 Kidney
SCT 72696002 Knee
SRT T-D9200 Knee
SNM3 T-D9200 Knee
SCT 14742008 Large intestine
SRT T-59000 Large intestine
SNM3 T-59000 Large intestine
SCT 4596009 Larynx
SRT T-24100 Larynx
SNM3 T-24100 Larynx
SCT 10200004 Liver
SRT T-62000 Liver
SNM3 T-62000 Liver
SCT 303270005 Liver and biliary structure
SRT T-50007 Liver and biliary structure
SNM3 T-50007 Liver and biliary structure
SCT 30021000 Lower leg
SRT T-D9400 Lower leg
SNM3 T-D9400 Lower leg
SCT 61685007 Lower limb
SRT T-D9000 Lower limb
SNM3 T-D9000 Lower limb
SCT 122496007 Lumbar spine
SRT T-11503 Lumbar spine
SNM3 T-11503 Lumbar spine
SCT 1217253001 Lumbo-sacral spine
SCT 91609006 Mandible
SRT T-11180 Mandible
SNM3 T-11180 Mandible
SCT 59066005 Mastoid bone
SRT T-11133 Mastoid bone
SNM3 T-11133 Mastoid bone
SCT 70925003 Maxilla
SRT T-11170 Maxilla
SNM3 T-11170 Maxilla
SCT 72410000 Mediastinum
SRT T-D3300 Mediastinum
SNM3 T-D3300 Mediastinum
SCT 102292000 Muscle of lower limb
SRT T-14668 Muscle of lower limb
SNM3 T-14668 Muscle of lower limb
SCT 30608006 Muscle of upper limb
SRT T-13600 Muscle of upper limb
SNM3 T-13600 Muscle of upper limb
SCT 74386004 Nasal bone
SRT T-11149 Nasal bone
SNM3 T-11149 Nasal bone
SCT 45048000 Neck
SRT T-D1600 Neck
SNM3 T-D1600 Neck
SCT 417437006 Neck and Chest
SRT R-FAB52 Neck and Chest
SNM3 R-FAB52 Neck and Chest
SCT 416319003 Neck, Chest, Abdomen and Pelvis
SRT R-FAB54 Neck, Chest, Abdomen and Pelvis
SNM3 R-FAB54 Neck, Chest, Abdomen and Pelvis
SCT 416152001 Neck, Chest and Abdomen
SRT R-FAB53 Neck, Chest and Abdomen
SNM3 R-FAB53 Neck, Chest and Abdomen
SCT 55024004 Optic canal
SRT T-11102 Optic canal
SNM3 T-11102 Optic canal
SCT 363654007 Orbital structure
SRT T-D14AE Orbital structure
SNM3 T-D14AE Orbital structure
SCT 15776009 Pancreas
SRT T-65000 Pancreas
SNM3 T-65000 Pancreas
SCT 69930009 Pancreatic duct
SRT T-65010 Pancreatic duct
SNM3 T-65010 Pancreatic duct
SCT 110621006 Pancreatic duct and bile duct systems
SRT T-65600 Pancreatic duct and bile duct systems
SNM3 T-65600 Pancreatic duct and bile duct systems
SCT 2095001 Paranasal sinus
SRT T-22000 Paranasal sinus
SNM3 T-22000 Paranasal sinus
SCT 111002 Parathyroid
SRT T-B7000 Parathyroid
SNM3 T-B7000 Parathyroid
SCT 45289007 Parotid gland
SRT T-61100 Parotid gland
SNM3 T-61100 Parotid gland
SCT 64234005 Patella
SRT T-12730 Patella
SNM3 T-12730 Patella
SCT 816092008 Pelvis
SCT 1231522001 Pelvis and lower extremities
SCT 706342009 Phantom
SRT R-FE0C7 Phantom
SNM3 R-FE0C7 Phantom
SCT 41216001 Prostate
SRT T-92000 Prostate
SNM3 T-92000 Prostate
SCT 81040000 Pulmonary artery
SRT T-44000 Pulmonary artery
SNM3 T-44000 Pulmonary artery
SCT 34402009 Rectum
SRT T-59600 Rectum
SNM3 T-59600 Rectum
SCT 2841007 Renal artery
SRT T-46600 Renal artery
SNM3 T-46600 Renal artery
SCT 113197003 Rib
SRT T-11300 Rib
SNM3 T-11300 Rib
SCT 1217254007 Sacro-coccygeal Spine
SCT 39723000 Sacroiliac joint
SRT T-15680 Sacroiliac joint
SNM3 T-15680 Sacroiliac joint
SCT 54735007 Sacrum
SRT T-11AD0 Sacrum
SNM3 T-11AD0 Sacrum
SCT 79601000 Scapula
SRT T-12280 Scapula
SNM3 T-12280 Scapula
SCT 42575006 Sella turcica
SRT T-D1460 Sella turcica
SNM3 T-D1460 Sella turcica
SCT 58742003 Sesamoid bones of foot
SRT T-12980 Sesamoid bones of foot
SNM3 T-12980 Sesamoid bones of foot
SCT 16982005 Shoulder
SRT T-D2220 Shoulder
SNM3 T-D2220 Shoulder
SCT 89546000 Skull
SRT T-11100 Skull
SNM3 T-11100 Skull
SCT 30315005 Small intestine
SRT T-58000 Small intestine
SNM3 T-58000 Small intestine
SCT 421060004 Spine
SRT T-D04FF Spine
SNM3 T-D04FF Spine
SCT 78961009 Spleen
SRT T-C3000 Spleen
SNM3 T-C3000 Spleen
SCT 7844006 Sternoclavicular joint
SRT T-15610 Sternoclavicular joint
SNM3 T-15610 Sternoclavicular joint
SCT 56873002 Sternum
SRT T-11210 Sternum
SNM3 T-11210 Sternum
SCT 69695003 Stomach
SRT T-57000 Stomach
SNM3 T-57000 Stomach
SCT 54019009 Submandibular gland
SRT T-61300 Submandibular gland
SNM3 T-61300 Submandibular gland
SCT 27949001 Tarsal joint
SRT T-15770 Tarsal joint
SNM3 T-15770 Tarsal joint
SCT 53620006 Temporomandibular joint
SRT T-15290 Temporomandibular joint
SNM3 T-15290 Temporomandibular joint
SCT 40689003 Testis
SRT T-94000 Testis
SNM3 T-94000 Testis
SCT 68367000 Thigh
SRT T-D9100 Thigh
SNM3 T-D9100 Thigh
SCT 113262008 Thoracic aorta
SRT T-42070 Thoracic aorta
SNM3 T-42070 Thoracic aorta
SCT 122495006 Thoracic spine
SRT T-11502 Thoracic spine
SNM3 T-11502 Thoracic spine
SCT 1217256009 Thoraco-lumbar spine
SCT 76505004 Thumb
SRT T-D8810 Thumb
SNM3 T-D8810 Thumb
SCT 9875009 Thymus
SRT T-C8000 Thymus
SNM3 T-C8000 Thymus
SCT 69748006 Thyroid
SRT T-B6000 Thyroid
SNM3 T-B6000 Thyroid
SCT 29707007 Toe
SRT T-D9800 Toe
SNM3 T-D9800 Toe
SCT 44567001 Trachea
SRT T-25000 Trachea
SNM3 T-25000 Trachea
SCT 40983000 Upper arm
SRT T-D8200 Upper arm
SNM3 T-D8200 Upper arm
SCT 53120007 Upper limb
SRT T-D8000 Upper limb
SNM3 T-D8000 Upper limb
SCT 431491007 Upper urinary tract
SRT T-7000B Upper urinary tract
SNM3 T-7000B Upper urinary tract
SCT 87953007 Ureter
SRT T-73000 Ureter
SNM3 T-73000 Ureter
SCT 13648007 Urethra
SRT T-75000 Urethra
SNM3 T-75000 Urethra
SCT 35039007 Uterus
SRT T-83000 Uterus
SNM3 T-83000 Uterus
SCT 110639002 Uterus and fallopian tubes
SRT T-88920 Uterus and fallopian tubes
SNM3 T-88920 Uterus and fallopian tubes
SCT 110517009 Vertebral column and cranium
SRT T-11011 Vertebral column and cranium
SNM3 T-11011 Vertebral column and cranium
SCT 74670003 Wrist joint
SRT T-15460 Wrist joint
SNM3 T-15460 Wrist joint
SCT 13881006 Zygoma
SRT T-11166 Zygoma
SNM3 T-11166 Zygoma
# Contrast agents, routes and ingredients: CID 11, 12, 13
DCM 127070 Retro-orbital route
NCIt C38213 Extraluminal route
NCIt C38244 Intraepithelial route
NCIt C38306 Transluminal route
SCT 446406008 By inhalation
SRT R-40B32 By inhalation
SNM3 R-40B32 By inhalation
SCT 58100008 Intra-arterial route
SRT G-D102 Intra-arterial route
SNM3 G-D102 Intra-arterial route
SCT 12130007 Intra-articular route
SRT G-D109 Intra-articular route
SNM3 G-D109 Intra-articular route
SCT 372460008 Intracardiac route
SRT G-D173 Intracardiac route
SNM3 G-D173 Intracardiac route
SCT 372463005 Intracoronary route
SRT G-D17C Intracoronary route
SNM3 G-D17C Intracoronary route
SCT 1259221004 Intracorpus cavernosum route
SCT 372464004 Intracutaneous route
SRT G-D17D Intracutaneous route
SNM3 G-D17D Intracutaneous route
SCT 37737002 Intraluminal route
SRT G-D144 Intraluminal route
SNM3 G-D144 Intraluminal route
SCT 60213007 Intramedullary route
SRT G-D107 Intramedullary route
SNM3 G-D107 Intramedullary route
SCT 78421000 Intramuscular route
SRT G-D103 Intramuscular route
SNM3 G-D103 Intramuscular route
SCT 38239002 Intraperitoneal route
SRT G-D106 Intraperitoneal route
SNM3 G-D106 Intraperitoneal route
SCT 72607000 Intrathecal route
SRT G-D108 Intrathecal route
SNM3 G-D108 Intrathecal route
SCT 447122006 Intratumor route
SRT R-F2CD4 Intratumor route
SNM3 R-F2CD4 Intratumor route
SCT 47625008 Intravenous route
SRT G-D101 Intravenous route
SNM3 G-D101 Intravenous route
SCT 420287000 Intraventricular route - cardiac
SRT R-F2C86 Intraventricular route - cardiac
SNM3 R-F2C86 Intraventricular route - cardiac
SCT 46713006 Nasal route
SRT G-D172 Nasal route
SNM3 G-D172 Nasal route
SCT 26643006 Oral route
SRT G-D140 Oral route
SNM3 G-D140 Oral route
SCT 37161004 Per rectum
SRT G-D160 Per rectum
SNM3 G-D160 Per rectum
SCT 34206005 Subcutaneous route
SRT G-D104 Subcutaneous route
SNM3 G-D104 Subcutaneous route
SCT 6064005 Topical route
SRT G-D112 Topical route
SNM3 G-D112 Topical route
SCT 16857009 Vaginal route
SRT G-D164 Vaginal route
SNM3 G-D164 Vaginal route
RADLEX RID11585 Ionic iodinated contrast agent
RADLEX RID38696 Non-ionic iodinated contrast agent
RXNORM 236987 Mangafodipir trisodium
SCT 15158005 Air
SRT A-80230 Air
SNM3 A-80230 Air
SCT 25419009 Barium Sulfate
SRT C-12217 Barium Sulfate
SNM3 C-12217 Barium Sulfate
SCT 90745007 Bunamiodyl
SRT C-B0315 Bunamiodyl
SNM3 C-B0315 Bunamiodyl
SCT 31811003 Carbon dioxide
SRT C-10520 Carbon dioxide
SNM3 C-10520 Carbon dioxide
SCT 62442005 Chloriodized oil
SRT C-B0316 Chloriodized oil
SNM3 C-B0316 Chloriodized oil
SCT 7140000 Contrast agent
SRT C-B0300 Contrast agent
SNM3 C-B0300 Contrast agent
SCT 12335007 Diatrizoate
SRT C-B0317 Diatrizoate
SNM3 C-B0317 Diatrizoate
SCT 792865009 Gadobenate dimeglumine
SCT 407976008 Gadobutrol
SRT C-B0415 Gadobutrol
SNM3 C-B0415 Gadobutrol
SCT 354088005 Gadodiamide
SRT C-B03C3 Gadodiamide
SNM3 C-B03C3 Gadodiamide
SCT 770982005 Gadofosveset
SCT 768763008 Gadolinium
SCT 109216000 Gadopentetate dimeglumine
SRT C-B0321 Gadopentetate dimeglumine
SNM3 C-B0321 Gadopentetate dimeglumine
SCT 712714000 Gadoterate meglumine
SRT C-F06BC Gadoterate meglumine
SNM3 C-F06BC Gadoterate meglumine
SCT 353946009 Gadoteridol
SRT C-B03AD Gadoteridol
SNM3 C-B03AD Gadoteridol
SCT 409477004 Gadoversetamide
SRT C-B0493 Gadoversetamide
SNM3 C-B0493 Gadoversetamide
SCT 440223009 Gadoxetate disodium
SRT C-178FF Gadoxetate disodium
SNM3 C-178FF Gadoxetate disodium
SCT 12801003 Iodamide meglumine
SRT C-B0326 Iodamide meglumine
SNM3 C-B0326 Iodamide meglumine
SCT 73212002 Iodipamide
SRT C-B0318 Iodipamide
SNM3 C-B0318 Iodipamide
SCT 353962003 Iodixanol
SRT C-B03BC Iodixanol
SNM3 C-B03BC Iodixanol
SCT 89595000 Iodized oil
SRT C-B0319 Iodized oil
SNM3 C-B0319 Iodized oil
SCT 86584005 Iodoalphionic acid
SRT C-B0323 Iodoalphionic acid
SNM3 C-B0323 Iodoalphionic acid
SCT 74554008 Iodophthalein
SRT C-B0341 Iodophthalein
SNM3 C-B0341 Iodophthalein
SCT 40710000 Iodopyracet
SRT C-B0327 Iodopyracet
SNM3 C-B0327 Iodopyracet
SCT 109218004 Iohexol
SRT C-B0322 Iohexol
SNM3 C-B0322 Iohexol
SCT 109219007 Iopamidol
SRT C-B0329 Iopamidol
SNM3 C-B0329 Iopamidol
SCT 76155001 Iopanoic acid
SRT C-B0328 Iopanoic acid
SNM3 C-B0328 Iopanoic acid
SCT 28121005 Iophendylate
SRT C-B0331 Iophendylate
SNM3 C-B0331 Iophendylate
SCT 23053002 Iophenoxic acid
SRT C-B0333 Iophenoxic acid
SNM3 C-B0333 Iophenoxic acid
SCT 353903006 Iopromide
SRT C-B0382 Iopromide
SNM3 C-B0382 Iopromide
SCT 353912008 Iothalamate
SRT C-B038B Iothalamate
SNM3 C-B038B Iothalamate
SCT 109222009 Ioversol
SRT C-B0332 Ioversol
SNM3 C-B0332 Ioversol
SCT 412228003 Ioxaglate
SRT F-61E1C Ioxaglate
SNM3 F-61E1C Ioxaglate
SCT 409484007 Ioxilan
SRT C-B0303 Ioxilan
SNM3 C-B0303 Ioxilan
SCT 87445005 Ipodate
SRT C-B0335 Ipodate
SNM3 C-B0335 Ipodate
SCT 47192000 Meglumine diatrizoate
SRT C-B0345 Meglumine diatrizoate
SNM3 C-B0345 Meglumine diatrizoate
SCT 69783005 Meglumine iodipamide
SRT C-B0324 Meglumine iodipamide
SNM3 C-B0324 Meglumine iodipamide
SCT 90733003 Metrizamide
SRT C-B0348 Metrizamide
SNM3 C-B0348 Metrizamide
SCT 354094002 Metrizoate
SRT C-B03C9 Metrizoate
SNM3 C-B03C9 Metrizoate
SCT 43538006 Non radiopaque medium
SRT C-B0312 Non radiopaque medium
SNM3 C-B0312 Non radiopaque medium
SCT 24099007 Oxygen
SRT C-10110 Oxygen
SNM3 C-10110 Oxygen
SCT 111158001 Propyliodone
SRT C-B0337 Propyliodone
SNM3 C-B0337 Propyliodone
SCT 32836007 Sodium acetrizoate
SRT C-B0338 Sodium acetrizoate
SNM3 C-B0338 Sodium acetrizoate
SCT 83423008 Sodium diprotrizoate
SRT C-B0342 Sodium diprotrizoate
SNM3 C-B0342 Sodium diprotrizoate
SCT 925002 Sodium iodipamide
SRT C-B0325 Sodium iodipamide
SNM3 C-B0325 Sodium iodipamide
SCT 38344006 Sodium iodomethamate
SRT C-B0344 Sodium iodomethamate
SNM3 C-B0344 Sodium iodomethamate
SCT 109212003 Sodium tyropanoate
SRT C-B0314 Sodium tyropanoate
SNM3 C-B0314 Sodium tyropanoate
SCT 11713004 Water
SRT C-10120 Water
SNM3 C-10120 Water
SCT 39290007 Barium
SRT C-12200 Barium
SNM3 C-12200 Barium
SCT 58281002 Gadolinium
SRT C-17800 Gadolinium
SNM3 C-17800 Gadolinium
SCT 44588005 Iodine
SRT C-11400 Iodine
SNM3 C-11400 Iodine
SCT 3829006 Iron
SRT C-13000 Iron
SNM3 C-13000 Iron
SCT 83598005 Xenon
SRT C-17200 Xenon
SNM3 C-17200 Xenon
# CTDI phantoms: CID 4052
DCM 113682 ACR Accreditation Phantom - CT
DCM 113686 ACR Accreditation Phantom - ECT
DCM 113688 ACR Accreditation Phantom - ECT/PET
DCM 113683 ACR Accreditation Phantom - MR
DCM 113684 ACR Accreditation Phantom - Mammography
DCM 113687 ACR Accreditation Phantom - PET
DCM 113689 ACR Accreditation Phantom - PET Faceplate
DCM 113685 ACR Accreditation Phantom - Stereotactic Breast Biopsy
DCM 113691 IEC Body Dosimetry Phantom
DCM 113690 IEC Head Dosimetry Phantom
DCM 113692 NEMA XR21-2000 Phantom
DCM 130541 10 cm Dosimetry Phantom
# Purposes of reference: CID 7201, 7202, 7003, 7205
DCM 121346 Acquisition frames corresponding to volume
DCM 121338 Anatomic image
DCM 121312 Biopsy localizer
DCM 121341 Device localizer
DCM 121339 Functional image
DCM 129203 Image Acquired during Treatment
DCM 129204 Image used as Reference Image for Treatment
DCM 129202 Image used for Dose Calculation
DCM 129201 Image used for Treatment Planning
DCM 121316 Images related to standalone object
DCM 121311 Localizer
DCM 121314 Other image of biplane pair
DCM 121315 Other image of stereoscopic pair
DCM 121313 Other partial views
DCM 130750 Quality control material image
DCM 121340 Spectral filtered image
DCM 121317 Spectroscopy
DCM 121348 Temporal Predecessor
DCM 121349 Temporal Successor
DCM 121347 Volume corresponding to spatially-related acquisition frames
DCM 128251 Flow image for image processing
DCM 121358 For Processing predecessor
DCM 121330 Lossy compressed predecessor
DCM 121321 Mask image for image processing operation
DCM 113130 Predecessor containing group of imaging subjects
DCM 121322 Source image for image processing operation
DCM 121329 Source image for montage
DCM 128250 Structural image for image processing
DCM 121320 Uncompressed predecessor
DCM 121079 Baseline
DCM 121080 Best illustration of finding
DCM 121200 Illustration of ROI
DCM 121112 Source of Measurement
DCM 121328 Alternate Photometric Interpretation image
DCM 121326 Alternate SOP Class instance
DCM 121327 Full fidelity image
DCM 121325 Lossy compressed image
DCM 121324 Source image
# Derivations: CID 7203
DCM 113073 Curved multiplanar reformatting
DCM 125027 Deformed for Registration
DCM 129105 Diffusion image analysis
DCM 129106 Diffusion tractography
DCM 113086 Edge enhancement
DCM 113131 Extraction of individual subject from group
DCM 113088 Gaussian blur
DCM 113090 Image stitching
DCM 113040 Lossy Compression
DCM 113078 Maximum intensity projection
DCM 113050 Metabolite Maps from spectroscopy data
DCM 113079 Minimum intensity projection
DCM 113097 Multi-energy proportional weighting
DCM 113072 Multiplanar reformatting
DCM 128303 OCT B-scan analysis
DCM 129104 Perfusion image analysis
DCM 113042 Pixel by pixel addition
DCM 113046 Pixel by pixel division
DCM 113047 Pixel by pixel mask
DCM 113048 Pixel by pixel Maximum
DCM 113049 Pixel by pixel mean
DCM 113051 Pixel by pixel Minimum
DCM 113053 Pixel by pixel multiplication
DCM 113062 Pixel by pixel subtraction
DCM 113093 Polar to Rectangular Scan Conversion
DCM 113076 Segmentation
DCM 113087 Smoothing
DCM 113085 Spatial resampling
DCM 113091 Spatially-related frames extracted from the volume
DCM 113075 Surface rendering
DCM 113092 Temporally-related frames extracted from the set of volumes
DCM 113089 Unsharp mask
DCM 113077 Volume editing
DCM 113074 Volume rendering
# Water equivalent diameter: CID 10024
DCM 113984 Water Equivalent Diameter From Localizer
DCM 113983 Water Equivalent Diameter From Raw Data
DCM 113982 Water Equivalent Diameter Integrated Across Scan Range
DCM 113981 Water Equivalent Diameter Representative Value
# Units
UCUM [hnsf'U] Hounsfield unit
UCUM 1 no units
UCUM mm mm`;
